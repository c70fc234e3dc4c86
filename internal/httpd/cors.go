package httpd

// Cross-origin reads (Fetch, CORS protocol), for apps that run in the browser:
// allowed to the origins that the house knows, at the endpoints that such an app
// calls itself, and never with cookies.

import (
	"context"
	"net/http"
)

// Cross lets pages of apps read answers of the house.
type Cross struct {
	// Knows reports whether pages of the origin (scheme, host and port, as a
	// browser sends it) may.
	Knows func(ctx context.Context, origin string) (bool, error)
	Sent  string // headers that they may send
	Read  string // headers of answers that they may read
}

// Allow lets the answer be read by a page of an origin that is known.
func (c *Cross) Allow(do Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := c.allow(w, r); err != nil {
			return err
		}
		return do(w, r)
	}
}

func (c *Cross) allow(w http.ResponseWriter, r *http.Request) error {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	h := w.Header()
	h.Set("Vary", "Origin")
	known, err := c.Knows(r.Context(), origin)
	if err != nil || !known {
		return err
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", c.Read)
	return nil
}

// Preflight answers the browser's question beforehand.
func (c *Cross) Preflight(methods string) Handler {
	return c.Allow(func(w http.ResponseWriter, _ *http.Request) error {
		h := w.Header()
		if h.Get("Access-Control-Allow-Origin") != "" {
			h.Set("Access-Control-Allow-Methods", methods)
			h.Set("Access-Control-Allow-Headers", c.Sent)
			h.Set("Access-Control-Max-Age", "600")
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}
