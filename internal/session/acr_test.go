package session_test

import (
	"testing"
	"time"

	"signet/internal/session"
)

func TestACR(t *testing.T) {
	now := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	signedIn := func(ago time.Duration) *session.Session {
		return &session.Session{AccountID: "ada", AuthTime: now.Add(-ago), AMR: []string{session.AMRPassword}, ACR: session.ACRPassword}
	}
	const fresh, password = session.ACRFresh, session.ACRPassword
	for _, c := range []struct {
		name             string
		wanted, required []string
		ago              time.Duration
		inFlow           bool // the person signed in in this flow
		silent           bool
		need             session.Need
		acr              string
	}{
		{name: "nothing is asked for", ago: time.Hour, acr: password},
		{name: "what nobody knows is ignored", wanted: []string{"gold"}, ago: time.Hour, acr: password},
		{name: "a wish that is met", wanted: []string{fresh}, ago: time.Minute, acr: fresh},
		{name: "a wish that a sign-in meets", wanted: []string{fresh}, ago: time.Hour, need: session.NeedSignIn, acr: password},
		{name: "the first that is met", wanted: []string{"gold", password, fresh}, ago: time.Minute, acr: password},
		{name: "any of the wishes will do", wanted: []string{fresh, password}, ago: time.Hour, acr: password},
		{name: "a wish where nobody may be asked", wanted: []string{fresh}, ago: time.Hour, silent: true, acr: password},
		{name: "a must where nobody may be asked", required: []string{fresh}, ago: time.Hour, silent: true, need: session.NeedSignIn, acr: password},
		{name: "a must that is met", wanted: []string{fresh}, required: []string{fresh}, ago: time.Minute, acr: fresh},
		{name: "a must that grew old while consent was read", required: []string{fresh}, ago: 6 * time.Minute, inFlow: true, need: session.NeedSignIn, acr: password},
		{name: "a wish that did", wanted: []string{fresh}, ago: 6 * time.Minute, inFlow: true, acr: password},
		{name: "a must that no sign-in meets", required: []string{"gold"}, ago: time.Minute, inFlow: true, acr: password},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p, r := signedIn(c.ago), &session.Progress{Account: "ada"}, &session.Request{ACRValues: c.wanted, RequiredACR: c.required}
			if c.inFlow {
				p.SignedInAt = s.AuthTime
			}
			if c.silent {
				r.Prompt = []string{session.PromptNone}
			}
			if need := session.Next(r, p, s, true, now); need != c.need {
				t.Errorf("needs %q, want %q", need, c.need)
			}
			if acr := r.ACR(s, now); acr != c.acr {
				t.Errorf("acr %q, want %q", acr, c.acr)
			}
		})
	}
}

// TestACRWearsOff: a token that is made later does not say what is no longer so.
func TestACRWearsOff(t *testing.T) {
	signedIn := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	amr := []string{session.AMRPassword}
	for ago, want := range map[time.Duration]string{0: session.ACRFresh, 5*time.Minute + 30*time.Second: session.ACRFresh, 7 * time.Minute: session.ACRPassword} {
		if got := session.ACRAt(session.ACRFresh, amr, signedIn, signedIn.Add(ago)); got != want {
			t.Errorf("after %v: %q, want %q", ago, got, want)
		}
	}
	if got := session.ACRAt("gold", nil, signedIn, signedIn.Add(time.Hour)); got != "gold" {
		t.Errorf("a class without an age is %q", got)
	}
}
