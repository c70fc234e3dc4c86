package view

import (
	"strings"
	"testing"
)

func TestPolicy(t *testing.T) {
	for _, tt := range []struct {
		targets []string
		want    string
	}{
		{nil, "; form-action 'self'"},
		{[]string{"https://app.example", ""}, "; form-action 'self' https://app.example"},
		{[]string{"https://a.example; script-src *"}, "; form-action 'self'"},
		{[]string{"'unsafe-inline'"}, "; form-action 'self'"},
	} {
		r := &Renderer{}
		if got := r.CSP(tt.targets...); !strings.HasSuffix(got, tt.want) || strings.Contains(got, "unsafe") {
			t.Errorf("%v: %s", tt.targets, got)
		}
	}
	if got := (&Renderer{}).FarewellCSP("https://a.example", "", "https://b.example:8443", "https://c.example; script-src *"); !strings.HasSuffix(got, "; frame-src https://a.example https://b.example:8443") {
		t.Errorf("%s", got)
	}
	for logo, want := range map[string]string{
		"": "img-src 'self';", "/logo.svg": "img-src 'self';", "https://brand.example/x.png": "img-src 'self' https://brand.example;", "https://a; script-src *": "img-src 'self';",
	} {
		r := &Renderer{brand: Brand{LogoURL: logo}}
		if got := r.CSP(); !strings.Contains(got, want) {
			t.Errorf("%s: %s", logo, got)
		}
	}
}
