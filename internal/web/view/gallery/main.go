// Command gallery writes every state of every page, in one language or all,
// into a folder of HTML files, to be looked at:
//
//	go run ./internal/web/view/gallery -out /tmp/gallery [-lang ar] [-accent "#0b7285"]
//
// It serves them, and their static files, with -listen 127.0.0.1:8099: browsers refuse some
// things to files.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"signet/internal/web/view"
	"signet/internal/web/view/states"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func run() error {
	out := flag.String("out", "gallery", "folder to write to")
	lang := flag.String("lang", "", "language tag; empty: all")
	accent := flag.String("accent", "", "the brand's accent, like #0b7285")
	listen := flag.String("listen", "", "address to serve the pages on, until interrupted")
	flag.Parse()

	r, err := view.New(view.Options{Brand: view.Brand{
		Accent: *accent, PrivacyURL: "/privacy", TermsURL: "/terms", HelpURL: "/help",
	}})
	if err != nil {
		return err
	}
	for _, l := range view.Locales() {
		if *lang != "" && *lang != l.String() {
			continue
		}
		if err := write(r, l, *out); err != nil {
			return err
		}
	}
	if *listen == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", r.Static())
	mux.Handle("GET /favicon.ico", r.Static())
	files := http.FileServer(http.Dir(*out))
	mux.HandleFunc("GET /", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Security-Policy", r.CSP())
		files.ServeHTTP(w, req)
	})
	server := &http.Server{Addr: *listen, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	return server.ListenAndServe()
}

func write(r *view.Renderer, l view.Locale, out string) error {
	for _, s := range states.All() {
		var page bytes.Buffer
		if err := r.Render(&page, l, s.Page()); err != nil {
			return fmt.Errorf("state %s in %s: %w", s.Name, l, err)
		}
		name := filepath.Join(out, l.String(), strings.ReplaceAll(s.Name, "/", ".")+".html")
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, page.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
