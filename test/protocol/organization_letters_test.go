package protocol

import (
	"strings"
	"testing"

	"signet/internal/testenv"
)

// TestOrganizationLettersAreBounded: who gives somebody one role after the other
// fills no mailbox with it; that they were removed they are told all the same.
func TestOrganizationLettersAreBounded(t *testing.T) {
	t.Parallel()
	h := invitersAt(t, testenv.Options{Env: map[string]string{"SIGNET_LIMITS_ORGANIZATION_LETTERS": "3/1d"}})
	h.env.Apply("users:\n  - {email: eve@example.com, verified: true}\n")
	if code, _, errs := h.env.Run("", "org", "member", "engines", eve.Email); code != 0 {
		t.Fatal(errs)
	}
	member := "/orgs/" + h.id + "/members/" + organizationOf(t, h.env, "engines").member(eve)
	for i := range 8 {
		role := []string{"admin", "viewer"}[i%2]
		if p := h.owner.Submit(h.owner.Get(member).Form("role-admin"), "submit", "role", role); p.URL.Query().Get("done") != "org-role" {
			t.Fatalf("%s: %s %d", role, p.URL, p.Status)
		}
	}
	if got := organizationOf(t, h.env, "engines").roles()[eve.Email]; got != "viewer" {
		t.Errorf("the last role is %s", got)
	}
	h.owner.Submit(h.owner.Get(member).Form("remove"), "remove")
	count := func(subject string) (n int) {
		for _, m := range h.mail.Mails() {
			if m.To == eve.Email && strings.Contains(m.Text(), subject) {
				n++
			}
		}
		return n
	}
	for n := 1; count("You were removed") == 0 || count("Your role in") < 3; n++ {
		h.mail.Wait(n) // fails in the end
	}
	if told := count("Your role in"); told != 3 {
		t.Errorf("told of 8 roles by %d letters", told)
	}
}
