package org_test

import (
	"testing"

	"signet/internal/org"
)

// TestSameProvider: a secret stays where the metadata stay at one host, or are the
// same document, and nowhere else.
func TestSameProvider(t *testing.T) {
	const here = "https://login.example/a/.well-known/openid-configuration"
	for _, c := range []struct {
		was           org.OIDCSettings
		address, text string
		same          bool
	}{
		{org.OIDCSettings{MetadataURL: here}, here, "", true},
		{org.OIDCSettings{MetadataURL: here}, "https://login.example/b/.well-known/openid-configuration", "", true},
		{org.OIDCSettings{MetadataURL: here}, "https://login.example.elsewhere.example/", "", false},
		{org.OIDCSettings{MetadataURL: here}, "http://login.example/a/.well-known/openid-configuration", "", false},
		{org.OIDCSettings{MetadataURL: here}, "https://login.example:8443/", "", false},
		{org.OIDCSettings{MetadataURL: here}, "https://login.example@elsewhere.example/", "", false},
		{org.OIDCSettings{MetadataURL: here}, "", `{"issuer":"https://login.example"}`, false},
		{org.OIDCSettings{Metadata: "{}"}, "", "{}", true},
		{org.OIDCSettings{Metadata: "{}"}, "", "", true},
		{org.OIDCSettings{Metadata: "{}"}, "", `{"issuer":"x"}`, false},
		{org.OIDCSettings{Metadata: "{}"}, here, "", false},
		{org.OIDCSettings{}, here, "", true},
	} {
		if got := c.was.SameProvider(c.address, c.text); got != c.same {
			t.Errorf("%+v and %q, %q: %v", c.was, c.address, c.text, got)
		}
	}
}
