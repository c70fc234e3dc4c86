// Package relyingparty lets a Go web app sign people in with Signet, or with
// any other OpenID provider that keeps to the specifications.
//
// An app makes one [RP], mounts its routes, and wraps what needs a signed-in
// person:
//
//	rp, err := relyingparty.New(ctx, relyingparty.Config{
//		Issuer:        "https://id.example",
//		ClientID:      "web",
//		ClientSecret:  os.Getenv("CLIENT_SECRET"),
//		RedirectURL:   "https://app.example/callback",
//		PostLogoutURL: "https://app.example/",
//		CookieKey:     key, // 32 random bytes
//	})
//	rp.Routes(mux) // GET /login, GET /callback, POST /logout and below it
//	mux.Handle("/", rp.Require(pages))
//
// Inside pages, [UserFrom] tells who is signed in.
//
// # How it works
//
// The browser is sent to the provider with the authorization code flow, PKCE
// (S256), a state and a nonce (OpenID Connect Core §3.1, RFC 7636). What belongs
// to that one request waits in a sealed cookie, so an answer is taken only by the
// browser that asked, and once. The answer's issuer is compared (RFC 9207), the
// ID token is verified in full, and the session is sealed into a cookie: the app
// needs no store, and only remembers for a while what it refreshed and which
// sessions ended: signed out here, or at the provider, which tells of it by the
// back channel (Back-Channel Logout 1.0) or in a frame (Front-Channel Logout
// 1.0). When the access token is about to expire the session is refreshed, once
// for all the requests that wait for it; without a refresh token the browser
// makes a silent round trip (prompt=none).
//
// # What it must not know
//
// The package knows the protocol and nothing else of Signet: it imports none of
// the provider's packages, and has no pages of its own except a plain one for
// errors, which [Config.ErrorHandler] replaces.
package relyingparty
