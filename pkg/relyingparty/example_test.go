package relyingparty_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"signet/pkg/relyingparty"
)

func Example() {
	rp, err := relyingparty.New(context.Background(), relyingparty.Config{
		Issuer:       "http://localhost:8080",
		ClientID:     "web",
		ClientSecret: os.Getenv("CLIENT_SECRET"),
		RedirectURL:  "http://localhost:8081/callback",
		CookieKey:    []byte(os.Getenv("COOKIE_KEY")), // at least 32 random bytes
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	rp.Routes(mux)
	mux.Handle("/", rp.Require(http.HandlerFunc(hello)))
	log.Fatal(http.ListenAndServe("localhost:8081", mux))
}

func hello(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "Hello, %s\n", relyingparty.UserFrom(r.Context()).Name)
}
