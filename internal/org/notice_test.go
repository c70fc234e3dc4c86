package org_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/outbox"
)

// heard notes who was to be told what, and writes to nobody.
type heard struct {
	h     *house
	notes []string
}

func (l *heard) OrganizationLetter(_ context.Context, n org.Notice) (*outbox.Mail, error) {
	for name, id := range l.h.ids {
		if id == n.To {
			l.notes = append(l.notes, strings.TrimSpace(fmt.Sprintf("%s: %s %s", name, n.News, n.Role)))
		}
	}
	return nil, nil
}

// TestWhoIsTold: people hear what others did to their place, not what they did
// themselves; but where an organization changes hands or goes, its owners do.
func TestWhoIsTold(t *testing.T) {
	h := newHouse(t)
	l := &heard{h: h}
	h.UseLetters(l)
	ctx, o := t.Context(), h.o.ID
	for _, c := range []struct {
		what string
		do   func() error
		told []string
	}{
		{"another role", func() error { return h.SetRole(ctx, o, h.ids["viewer1"], org.Admin, h.as("owner1")) }, []string{"viewer1: role admin"}},
		{"the same role", func() error { return h.SetRole(ctx, o, h.ids["viewer1"], org.Admin, h.as("owner1")) }, nil},
		{"one's own role", func() error { return h.SetRole(ctx, o, h.ids["admin2"], org.Viewer, h.as("admin2")) }, nil},
		{"by the operator", func() error { return h.Put(ctx, o, h.ids["stranger"], org.Viewer) }, []string{"stranger: role viewer"}},
		{"removed", func() error { return h.Remove(ctx, o, h.ids["viewer2"], h.as("admin1")) }, []string{"viewer2: removed"}},
		{"refused", func() error {
			h.want("an admin removes an owner", h.Remove(ctx, o, h.ids["owner2"], h.as("admin1")), fault.Forbidden)
			return nil
		}, nil},
		{"left", func() error { return h.Leave(ctx, o, h.ids["viewer1"]) }, nil},
		{"renamed", func() error { _, err := h.Rename(ctx, o, "Difference Engines", h.as("owner1")); return err }, nil},
		{"handed over", func() error { return h.Transfer(ctx, o, h.ids["owner1"], h.ids["admin1"]) }, []string{"admin1: role owner", "owner1: role admin"}},
		{"deleted", func() error { _, err := h.Delete(ctx, o, h.as("owner2")); return err }, []string{"admin1: deleted", "owner2: deleted"}},
	} {
		l.notes = nil
		h.ok(c.do())
		slices.Sort(l.notes)
		if !slices.Equal(l.notes, c.told) {
			t.Errorf("%s: told %q, want %q", c.what, l.notes, c.told)
		}
	}
}
