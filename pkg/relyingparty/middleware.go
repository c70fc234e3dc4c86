package relyingparty

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

type contextKey struct{}

var (
	errSignedOut = errors.New("no session")
	errMustRenew = errors.New("the session needs a silent round trip")
)

// renewGrace is how long after the end of its access token a session without a
// refresh token still serves what cannot be sent on a round trip: a form that
// somebody was filling in, a script of a page that is open.
const renewGrace = 30 * time.Minute

// Load makes [UserFrom] work in next. Visitors who are not signed in pass too.
func (rp *RP) Load(next http.Handler) http.Handler {
	return rp.guard(next, func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
	})
}

// Require lets only signed-in people through to next, whose session was granted
// all the scopes. A page that is opened without a session leads through the
// sign-in and back to that page; any other request is answered with status 401,
// and a missing scope with 403.
func (rp *RP) Require(next http.Handler, scopes ...string) http.Handler {
	allowed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user := UserFrom(r.Context())
		for _, scope := range scopes {
			if !user.HasScope(scope) {
				rp.fail(w, r, rp.fault(KindScope, "/", fmt.Errorf("the handler requires %q", scope)))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
	return rp.guard(allowed, func(w http.ResponseWriter, r *http.Request) {
		if opensPage(r) {
			http.Redirect(w, r, rp.LoginURL(r.URL.RequestURI()), http.StatusFound)
			return
		}
		rp.fail(w, r, rp.fault(KindUnauthenticated, "/", errSignedOut))
	})
}

// guard calls next with the user in its context, or out for a visitor.
func (rp *RP) guard(next http.Handler, out http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// What a person sees signed in must not come back from a cache after
		// sign-out. A handler may set something weaker.
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Add("Vary", "Cookie")
		s, err := rp.current(w, r)
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, s.user(rp.config.Issuer))))
		case errors.Is(err, errMustRenew):
			rp.begin(w, r, r.URL.RequestURI(), "none", organizationOf(s.claims))
		case errors.Is(err, errSignedOut):
			out(w, r)
		case errors.Is(err, errTooLarge):
			rp.fail(w, r, rp.fault(KindInternal, "/", err))
		default:
			rp.fail(w, r, rp.unavailable(r.URL.RequestURI(), err))
		}
	})
}

// current returns the request's session with an access token that is still
// good: refreshed if need be, and then also written back to the browser. Its
// errors are errSignedOut, errMustRenew, with the session as it was, and those of a
// provider in trouble.
func (rp *RP) current(w http.ResponseWriter, r *http.Request) (*session, error) {
	s, err := rp.openSession(r)
	if errors.Is(err, errSignOuts) {
		return nil, err
	}
	if err != nil {
		// Left over from another key, another version or another time.
		rp.dropSession(w, r)
		return nil, errSignedOut
	}
	now := rp.now()
	if !s.due(now) {
		return s, nil
	}
	alive := now.Before(s.AccessEnd)
	switch {
	case s.Refresh != "":
	case alive:
		return s, nil
	case opensPage(r):
		return s, errMustRenew
	case now.Before(s.AccessEnd.Add(renewGrace)):
		return s, nil
	default:
		return nil, errSignedOut
	}
	fresh, err := rp.refresher.refresh(r.Context(), s, rp.now, rp.fetch)
	if err == nil {
		err = rp.stillOpen(r.Context(), s) // it may have ended meanwhile
	}
	switch {
	case err == nil:
		if err := rp.saveSession(w, r, fresh); err != nil {
			return nil, err
		}
		return fresh, nil
	case rejected(err), errors.Is(err, errEnded):
		rp.dropSession(w, r)
		return nil, errSignedOut
	case alive:
		return s, nil // the provider is in trouble, and there is time left
	}
	return nil, err
}

// stillOpen returns errEnded for a session that was ended before its time.
func (rp *RP) stillOpen(ctx context.Context, s *session) error {
	over, err := rp.over(ctx, s)
	if err == nil && over {
		err = errEnded
	}
	return err
}

// fetch makes the next state of a session, for the refresher.
func (rp *RP) fetch(s *session) (*session, error) {
	g, err := rp.provider.refresh(rp.provider.life, s.Refresh, s.claims)
	if err != nil {
		rp.config.Logger.LogAttrs(rp.provider.life, slog.LevelInfo, "session not refreshed", slog.String("cause", describe(err)))
		return nil, err
	}
	return s.refreshed(g, rp.now()), nil
}

// opensPage tells whether the browser is opening a page, as opposed to a script
// or an image asking for something: only then is a redirect to the sign-in of
// any use.
func opensPage(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return wantsPage(r)
}

// wantsPage tells whether the answer should be HTML.
func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}
