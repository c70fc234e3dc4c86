package web

import (
	"bytes"
	"context"
	"image"
	_ "image/gif" // the formats whose size can be read
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"slices"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	_ "golang.org/x/image/webp"
	"golang.org/x/sync/singleflight"

	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/outbound"
)

// Bounds of apps' logos: what people are shown comes from this origin, so that
// no app learns who looks at a page of ours, and is a picture and nothing else.
const (
	maxLogo      = 128 << 10
	maxLogoSide  = 2048 // pixels
	maxLogos     = 256  // that a node keeps
	logoLeast    = 10 * time.Minute
	logoMost     = 24 * time.Hour
	logoPause    = time.Minute // after one that could not be had
	logoPolicy   = "default-src 'none'; sandbox"
	logoInPublic = "public, max-age=3600"
)

// logoTypes are the formats that are served. SVG is not among them: it is a
// document, which can hold scripts and lead elsewhere.
var logoTypes = []string{"image/png", "image/jpeg", "image/webp", "image/gif"}

// Fetcher gets what somebody registered an address for.
type Fetcher interface {
	// Fetch returns what is at the address, of at most limit bytes, if it is of
	// one of the media types; else a fault of kind Invalid that says why not.
	Fetch(ctx context.Context, address string, limit int64, types ...string) (*outbound.Resource, error)
}

// logo is what was last found at the address of one; it does not change.
type logo struct {
	kind  string
	body  []byte // nil: nothing that can be shown
	fresh time.Time
}

// logos are apps' logos, fetched as seldom as can be.
type logos struct {
	outbound Fetcher
	now      func() time.Time
	byURI    *lru.Cache[string, *logo]
	flight   singleflight.Group
}

func newLogos(outbound Fetcher, now func() time.Time) *logos {
	byURI, _ := lru.New[string, *logo](maxLogos) // fails for no size only
	return &logos{outbound: outbound, now: now, byURI: byURI}
}

// of returns the logo at the address, or the last one while there is no good one.
func (l *logos) of(ctx context.Context, uri string) *logo {
	before, ok := l.byURI.Get(uri)
	if ok && l.now().Before(before.fresh) {
		return before
	}
	// Who asks meanwhile waits for the same answer, and none of them can end it
	// for the others.
	v, _, _ := l.flight.Do(uri, func() (any, error) {
		got := l.fetch(context.WithoutCancel(ctx), uri)
		if got.body == nil && ok {
			got.kind, got.body = before.kind, before.body
		}
		l.byURI.Add(uri, got)
		return got, nil
	})
	return v.(*logo)
}

func (l *logos) fetch(ctx context.Context, uri string) *logo {
	none := &logo{fresh: l.now().Add(logoPause)}
	got, err := l.outbound.Fetch(ctx, uri, maxLogo, logoTypes...)
	if err != nil {
		return none // the letter of the app stands in its place
	}
	// What it is, its first bytes say, not who serves it.
	kind := http.DetectContentType(got.Body)
	size, _, err := image.DecodeConfig(bytes.NewReader(got.Body))
	if err != nil || !slices.Contains(logoTypes, kind) || size.Width > maxLogoSide || size.Height > maxLogoSide {
		return none
	}
	return &logo{kind: kind, body: got.Body, fresh: l.now().Add(min(max(got.Age, logoLeast), logoMost))}
}

// logoAt is the address of the client's logo here; "" where it has none. The
// address of the logo is part of it, so that a new one is seen at once.
func (w *Web) logoAt(clientID, uri string) string {
	if uri == "" {
		return ""
	}
	return w.at(pathLogo, "client", clientID, "of", handle.Sum(uri)[:12])
}

// logo answers with the logo of a client, in whichever language it was asked for.
func (w *Web) logo(rw http.ResponseWriter, r *http.Request) error {
	c, err := w.Clients.Get(r.Context(), r.FormValue("client"))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	var found *logo
	if err == nil {
		for _, uri := range c.Logos() {
			if handle.Sum(uri)[:12] == r.FormValue("of") {
				found = w.logos.of(r.Context(), uri)
			}
		}
	}
	h := rw.Header()
	h.Set("Content-Security-Policy", logoPolicy)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if found == nil || found.body == nil {
		h.Set("Cache-Control", "no-store")
		rw.WriteHeader(http.StatusNotFound)
		return nil
	}
	h.Set("Content-Type", found.kind)
	h.Set("Content-Length", strconv.Itoa(len(found.body)))
	h.Set("Cache-Control", logoInPublic)
	rw.Write(found.body) // a reader that went away is no error of ours
	return nil
}
