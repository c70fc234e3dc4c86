package api

// draft-ietf-httpapi-idempotency-key-header: a POST that is sent again under the
// same key is done once, and answered as it was the first time.

import (
	"bytes"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/repeat"
)

const (
	headerKey      = "Idempotency-Key"
	headerRepeated = "Idempotency-Replayed" // the answer is that of an earlier request
	longestKey     = 200
	// maxBody bounds what an operation takes, in bytes.
	maxBody = 200 << 10
)

// keyParameter is what operations that make something take besides.
func keyParameter() *huma.Param {
	longest := longestKey
	return &huma.Param{
		Name: headerKey, In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &longest},
		Description: "A random text of the caller's. The same request under the same key, within a day, is done once and answered as it was then.",
	}
}

// once serves a request with a key: what serve answers is kept.
func (a *API) once(w http.ResponseWriter, r *http.Request, c *call, serve func(http.ResponseWriter, *http.Request) error) error {
	key := r.Header.Get(headerKey)
	if len(key) > longestKey {
		return fault.New(fault.Invalid, "%s has %d bytes; at most %d are taken", headerKey, len(key), longestKey)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the body cannot be read: send it again")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	print := handle.Sum(r.Method + " " + r.URL.RequestURI() + "\n" + string(body))
	kept := &keeper{ResponseWriter: w}
	answer, err := a.Repeats.Once(r.Context(), handle.Sum(c.ClientID+"\x00"+c.AccountID+"\x00"+key), print, func() (*repeat.Answer, error) {
		kept.serving = true
		err := serve(kept, r)
		return &repeat.Answer{Status: kept.status, Body: kept.body.Bytes(), Secret: c.secret}, err
	})
	switch {
	case kept.serving && kept.status != 0:
		kept.send()
	case err == nil:
		w.Header().Set(headerRepeated, "true")
		if len(answer.Body) > 0 {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(answer.Status)
		w.Write(answer.Body) // a reader that went away is no error of ours
	}
	return err
}

// keeper keeps an answer until it is remembered: who sees one can rely on it.
type keeper struct {
	http.ResponseWriter
	serving bool
	status  int
	body    bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (k *keeper) WriteHeader(status int) { k.status = status }

// Write implements http.ResponseWriter.
func (k *keeper) Write(b []byte) (int, error) {
	if k.status == 0 {
		k.status = http.StatusOK
	}
	return k.body.Write(b)
}

func (k *keeper) send() {
	k.ResponseWriter.WriteHeader(k.status)
	k.ResponseWriter.Write(k.body.Bytes())
}
