package view

import (
	"strings"
	"testing"
)

func TestNegotiate(t *testing.T) {
	for _, tt := range []struct{ ui, cookie, accept, want string }{
		{"", "", "", "en"},
		{"", "", "de-AT,de;q=0.9,en;q=0.8", "de"},
		{"", "", "pt-PT", "pt-BR"},
		{"", "", "zh-CN,zh;q=0.9", "zh-Hans"},
		{"", "", "nn, ar-EG;q=0.5", "ar"},
		{"", "", "en;q=0.2, ja", "ja"},
		{"fr-CA en", "", "de", "fr"},
		{"xx ja", "", "de", "ja"},
		{"nn", "", "es-MX", "es"},
		{"", "", "xx;q=1, fr;q=0.4, de;q=0.6", "de"},
		{"fr", "ar", "de", "ar"},
		{"fr", "klingon", "de", "fr"},
		{"fr", "PT-br", "", "pt-BR"},
		{"", "", strings.Repeat("x-", 5000), "en"},
		{"", "", ";;,,q=1", "en"},
	} {
		if got := Negotiate(tt.ui, tt.cookie, tt.accept); got.String() != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}
