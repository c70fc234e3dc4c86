package relyingparty

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// chunkSize leaves room for the name and attributes within the 4096 bytes
	// that RFC 6265 §6.1 lets an app count on.
	chunkSize = 3600
	// maxChunks bounds the Cookie header: four make about 14 KB, which common
	// proxies accept when configured for it, and more would fail anywhere.
	maxChunks = 4
)

var errTooLarge = fmt.Errorf("the session needs more than %d bytes of cookies: ask for fewer scopes, or opaque access tokens", chunkSize*maxChunks)

var errNoCookie = errors.New("no such cookie")

// jar reads and writes the app's sealed cookies. Values longer than one cookie
// are cut into several: "name" begins with how many there are, and "name.1",
// "name.2" hold the rest, so a left-over piece of a longer value is never read.
type jar struct {
	sealer *sealer
	prefix string // of every name
	secure bool
}

// newJar prefers the __Host- prefix: the browser then holds the cookie to this
// host, to https and to the whole path (RFC 6265bis §4.1.3.2).
func newJar(s *sealer, app string, secure bool) *jar {
	prefix := app + "_"
	if secure {
		prefix = "__Host-" + prefix
	}
	return &jar{sealer: s, prefix: prefix, secure: secure}
}

// put seals value into as many cookies as it needs. A life of zero lasts until
// the browser is closed.
func (j *jar) put(w http.ResponseWriter, r *http.Request, name string, value []byte, life time.Duration) error {
	text := j.sealer.seal(name, value)
	count := (len(text) + chunkSize - 1) / chunkSize
	if count > maxChunks {
		return errTooLarge
	}
	for i := range count {
		piece := text[i*chunkSize : min(len(text), (i+1)*chunkSize)]
		if i == 0 {
			piece = strconv.Itoa(count) + "." + piece
		}
		j.set(w, chunkName(name, i), piece, int(life/time.Second), http.SameSiteLaxMode)
	}
	j.drop(w, r, name, count)
	return nil
}

// get returns what put sealed under name: errNoCookie where there is none, and
// errSealed where there is something else.
func (j *jar) get(r *http.Request, name string) ([]byte, error) {
	first, err := r.Cookie(j.prefix + name)
	if err != nil {
		return nil, errNoCookie
	}
	digits, text, found := strings.Cut(first.Value, ".")
	count, err := strconv.Atoi(digits)
	if !found || err != nil || count < 1 || count > maxChunks {
		return nil, errSealed
	}
	for i := 1; i < count; i++ {
		next, err := r.Cookie(j.prefix + chunkName(name, i))
		if err != nil {
			return nil, errSealed
		}
		text += next.Value
	}
	return j.sealer.open(name, text)
}

// clear removes every piece of name that the request carries.
func (j *jar) clear(w http.ResponseWriter, r *http.Request, name string) {
	j.drop(w, r, name, 0)
}

// drop removes the pieces from index "from" on, if the request carries them.
func (j *jar) drop(w http.ResponseWriter, r *http.Request, name string, from int) {
	for i := from; i < maxChunks; i++ {
		if _, err := r.Cookie(j.prefix + chunkName(name, i)); err == nil {
			j.set(w, chunkName(name, i), "", -1, http.SameSiteLaxMode)
		}
	}
}

// putAbroad is put of a short value that comes along into frames of other sites,
// too. Browsers allow that under https alone (RFC 6265bis §5.7).
func (j *jar) putAbroad(w http.ResponseWriter, name string, value []byte) {
	j.set(w, name, "1."+j.sealer.seal(name, value), 0, http.SameSiteNoneMode)
}

// set sets one cookie. All but what must be seen abroad are Lax: the provider's
// redirect back is a cross-site navigation, and Strict cookies would stay at home.
func (j *jar) set(w http.ResponseWriter, name, value string, maxAge int, site http.SameSite) {
	full := j.prefix + name
	replaceSetCookie(w.Header(), full)
	http.SetCookie(w, &http.Cookie{
		Name: full, Value: value, Path: "/", MaxAge: maxAge,
		Secure: j.secure, HttpOnly: true, SameSite: site,
	})
}

// replaceSetCookie removes an earlier Set-Cookie of the same name: RFC 6265
// §4.1.1 allows one per answer, and only the last one was meant.
func replaceSetCookie(h http.Header, name string) {
	old := h["Set-Cookie"]
	kept := old[:0:0]
	for _, line := range old {
		if !strings.HasPrefix(line, name+"=") {
			kept = append(kept, line)
		}
	}
	if len(kept) != len(old) {
		h["Set-Cookie"] = kept
	}
}

func chunkName(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + "." + strconv.Itoa(i)
}
