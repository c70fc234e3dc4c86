package view

import (
	"strings"
	"testing"
)

func TestNegotiate(t *testing.T) {
	all, err := NewLanguages(nil, "")
	if err != nil {
		t.Fatal(err)
	}
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
		if got := all.Negotiate(tt.ui, tt.cookie, tt.accept); got.String() != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func TestLanguagesOfAHouse(t *testing.T) {
	l, err := NewLanguages([]string{"de", "pt-BR", "de"}, "pt-BR")
	if err != nil {
		t.Fatal(err)
	}
	if got := l.All(); len(got) != 2 || got[0].String() != "de" {
		t.Errorf("All = %v", got)
	}
	for asked, want := range map[string]string{"de-CH": "de", "fr": "pt-BR", "": "pt-BR", "pt": "pt-BR"} {
		if got := l.Negotiate("", "", asked); got.String() != want {
			t.Errorf("%q: %s, want %s", asked, got, want)
		}
	}
	if got := l.Negotiate("", "fr", "de"); got.String() != "de" {
		t.Errorf("a choice of a language that is not offered: %s", got)
	}
	if one, err := NewLanguages([]string{"ja"}, ""); err != nil || one.Negotiate("", "", "en").String() != "ja" {
		t.Errorf("a house of one language: %v", err)
	}
	for _, bad := range [][2]string{{"tlh", ""}, {"de", "fr"}, {"de", "tlh"}} {
		if _, err := NewLanguages([]string{bad[0]}, bad[1]); err == nil {
			t.Errorf("%v accepted", bad)
		}
	}
}
