package op

// Cross-origin reads, for apps that run in the browser: allowed to the origins
// of registered redirect URIs, at the endpoints that such an app calls itself,
// and never with cookies.

import (
	"net/http"

	"signet/internal/httpd"
)

// cross lets the answer be read by a page of a registered app's origin.
func (p *Provider) cross(do httpd.Handler) httpd.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := p.allowOrigin(w, r); err != nil {
			return err
		}
		return do(w, r)
	}
}

func (p *Provider) allowOrigin(w http.ResponseWriter, r *http.Request) error {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	h := w.Header()
	h.Set("Vary", "Origin")
	known, err := p.Clients.KnowsOrigin(r.Context(), origin)
	if err != nil || !known {
		return err
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, "+headerNonce)
	return nil
}

// preflight answers the browser's question beforehand (Fetch §4.8).
func (p *Provider) preflight(methods string) httpd.Handler {
	return p.cross(func(w http.ResponseWriter, _ *http.Request) error {
		h := w.Header()
		if h.Get("Access-Control-Allow-Origin") != "" {
			h.Set("Access-Control-Allow-Methods", methods)
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, "+headerProof)
			h.Set("Access-Control-Max-Age", "600")
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}
