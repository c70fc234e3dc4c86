// Command refgen writes docs/openapi.json. Run it by go generate ./internal/api,
// which starts it in the folder of package api.
package main

import (
	"fmt"
	"os"

	"signet/internal/api"
)

func main() {
	document, err := api.New(api.Services{Issuer: "https://id.example.com"}).Document()
	if err == nil {
		err = os.WriteFile("../../docs/openapi.json", append(document, '\n'), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "refgen:", err)
		os.Exit(1)
	}
}
