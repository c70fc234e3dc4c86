package browser

import (
	"fmt"
	"strings"
	"testing"
)

// A person looks for a password that is good enough: the rule ticks while it is
// typed, the meter says what will come of it, and what comes of it is that.
// Without scripts the rule is there to be read, and the form tells.
func TestNewPasswordTells(t *testing.T) {
	h, mail := startPostingHouse(t)
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).NewTab()
		tab.Open(h.Issuer + "/recover")
		tab.Type("#username", w.email)
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/recover/code?")
		tab.Type("#code", mail.Codes(w.email, 1)[0])
		tab.Follow("#submit")
		tab.See(h.Issuer+"/recover/password?", Look{Focus: "password", Has: "#password-rules li[data-rule=kinds]"})
		for _, try := range []struct{ password, unmet, strength string }{
			{"Vex-1", "length", "weak"},
			{"tulipquartz", "kinds", "weak"},
			{"P@ssw0rd-1", "common", "weak"},
			{strings.ToUpper(w.email[:1]) + w.email[1:], "personal", "weak"}, // the address itself
			{"tulip-Quartz-7", "", "fair"},
		} {
			tab.Type("#password", try.password)
			tab.wantRule(try.unmet, try.strength)
			if try.unmet == "" {
				if tab.Has("#password-fault:not([hidden])") == w.script {
					t.Error("what was wrong with the password before is said of this one, too")
				}
				break
			}
			tab.Type("#confirmation", try.password)
			tab.Follow("#submit")
			tab.See(h.Issuer+"/recover/password", Look{Focus: "password", Has: "#password-fault"})
			if tab.Has(`[data-strength], [data-state]`) {
				t.Errorf("after %q the empty form has a verdict", try.password)
			}
		}
		tab.See(h.Issuer+"/recover/password", Look{}) // as it looks with all rules met
		tab.Type("#confirmation", "tulip-Quartz-7")
		tab.Follow("#submit")
		tab.Arrive(h.Issuer + "/recover/done?")
	})
	t.Cleanup(func() {
		if log := h.Log(); strings.Contains(log, "uartz") || strings.Contains(log, "P@ssw0rd") {
			t.Error("a password that was typed is in the log")
		}
	})
}

// wantRule waits until the page says that one rule is not met, or that all
// are, and how strong the password is; without scripts it says neither.
func (tab *Tab) wantRule(unmet, strength string) {
	tab.t.Helper()
	if !tab.way.script {
		if tab.Has("[data-strength], [data-state]") {
			tab.t.Error("the rule ticks without a script")
		}
		return
	}
	told := fmt.Sprintf(`.new-password[data-strength=%s] .strength`, strength)
	if unmet != "" {
		told = fmt.Sprintf(`.new-password[data-strength=%s]:has([data-rule=%s][data-state=unmet]) .strength`, strength, unmet)
	}
	tab.until("the verdict "+strength+" for "+unmet, func() bool { return tab.Has(told) })
	said := tab.Text(".strength")
	if unmet != "" && !strings.Contains(said, tab.Text(`[data-rule="`+unmet+`"]`)) {
		tab.t.Errorf("the rule %q is not met, and what is said is %q", unmet, said)
	}
	if unmet == "" && tab.Has("[data-state=unmet]") {
		tab.t.Errorf("%s, and a rule is not met: %q", strength, said)
	}
}
