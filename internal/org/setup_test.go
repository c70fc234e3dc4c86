package org_test

import (
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/org"
)

// TestSetupLinksOfOwners: a link is good while who made it is an owner, opened or
// not; who was one and is sent away has no other hand on the sign-in of the rest.
func TestSetupLinksOfOwners(t *testing.T) {
	h := newHouse(t)
	setups := org.NewSetups(h.Service, h.db, 72*time.Hour, h.clock.Now)
	for _, who := range []string{"admin1", "viewer1"} {
		_, _, err := setups.Make(t.Context(), h.o.ID, h.as(who))
		h.want(who+" makes a link", err, fault.Forbidden)
	}
	_, _, err := setups.Make(t.Context(), h.o.ID, h.as("stranger"))
	h.want("a stranger makes one", err, fault.NotFound)

	opened, secret, err := setups.Make(t.Context(), h.o.ID, h.as("owner2"))
	h.ok(err)
	browser := handle.New()
	h.ok(setups.Claim(t.Context(), opened.ID, secret, browser))
	waits, another, err := setups.Make(t.Context(), h.o.ID, h.as("owner2"))
	h.ok(err)
	look := func(when string, kind fault.Kind) {
		t.Helper()
		_, err := setups.Held(t.Context(), opened.ID, browser)
		h.want(when+", opened", err, kind)
		_, err = setups.Waiting(t.Context(), waits.ID, another)
		h.want(when+", waiting", err, kind)
	}
	look("made by an owner", "")
	h.ok(h.Put(t.Context(), h.o.ID, h.ids["owner2"], org.Admin))
	look("made by somebody who is an admin now", fault.Expired)
	h.ok(h.Put(t.Context(), h.o.ID, h.ids["owner2"], org.Owner))
	look("made by an owner again", "")
	h.ok(h.Remove(t.Context(), h.o.ID, h.ids["owner2"], h.as("owner1")))
	look("made by somebody who is gone", fault.Expired)
}
