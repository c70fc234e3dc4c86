package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/web/view"
)

func posted(values url.Values) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func pagesWith(t *testing.T, policy account.PolicyName) *Web {
	t.Helper()
	renderer, err := view.New(view.Options{Brand: view.Brand{Name: "Fernweh"}})
	if err != nil {
		t.Fatal(err)
	}
	return New("/id", Services{Policy: account.NewPolicy(policy), View: renderer})
}

func TestNewPassword(t *testing.T) {
	w := pagesWith(t, account.PolicyLenovo)
	for _, tt := range []struct {
		password, again     string
		fault, confirmation view.Message
	}{
		{"", "", view.FaultNewPasswordMissing, ""},
		{"", "tulip-Quartz-7", view.FaultNewPasswordMissing, ""},
		{"Tulip-7", "Tulip-7", view.FaultNewPasswordShort, ""},
		{"tulip-Quartz-7-and-more", "", view.FaultNewPasswordLong, ""},
		{"tulipquartz", "tulipquartz", view.FaultNewPasswordKinds, ""},
		{"P@ssw0rd1", "P@ssw0rd1", view.FaultNewPasswordCommon, ""},
		{"Lovelace-15", "Lovelace-15", view.FaultNewPasswordPersonal, ""},
		{"fernweh-2026A", "", view.FaultNewPasswordPersonal, ""}, // the house's own name
		{"tulip-Quartz-7", "", "", view.FaultConfirmationMissing},
		{"tulip-Quartz-7", "tulip-quartz-7", "", view.FaultConfirmationDiffers},
		{"tulip-Quartz-7", "tulip-Quartz-7", "", ""},
		{"t\u00fclip-Quartz-7", "tu\u0308lip-Quartz-7", "", ""},
	} {
		got, part, ok := w.newPassword(posted(url.Values{"password": {tt.password}, "confirmation": {tt.again}}), "Ada Lovelace", "ada@example.com")
		if part.Fault != tt.fault || part.ConfirmationFault != tt.confirmation {
			t.Errorf("%q, %q: faults %q and %q", tt.password, tt.again, part.Fault, part.ConfirmationFault)
		}
		if want := tt.fault == "" && tt.confirmation == ""; ok != want || want != (got == tt.password && got != "") {
			t.Errorf("%q, %q: password %q, %v", tt.password, tt.again, got, ok)
		}
		if part.CheckURL != "/id/password/check" || part.Least != 8 || part.Most != 20 {
			t.Errorf("part: %+v", part)
		}
	}
	if _, part, ok := w.newPassword(httptest.NewRequest("GET", "/?password=tulip-Quartz-7&confirmation=tulip-Quartz-7", nil)); ok || part.Fault == "" {
		t.Error("a password in the address was taken")
	}
}

// TestWhoIsTurnedAwayIsToldWhen: a rush of sign-ins ends in a page that says to
// try again, not in a refusal.
func TestWhoIsTurnedAwayIsToldWhen(t *testing.T) {
	w := pagesWith(t, account.PolicyLenovo)
	w.Cookies = httpd.NewCookies(false, http.SameSiteLaxMode)
	rec := httptest.NewRecorder()
	rush := fault.New(fault.Unavailable, "Too many people are signing in at the moment.")
	w.PageError(rec, posted(url.Values{"password": {"tulip-Quartz-7"}}), errors.Join(rush, nil))
	if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" || strings.Contains(rec.Body.String(), "uartz") {
		t.Errorf("%d %v: %s", rec.Code, rec.Header(), rec.Body)
	}
}

func TestCheckPassword(t *testing.T) {
	w := pagesWith(t, account.PolicyLenovo)
	for _, tt := range []struct{ password, about, want string }{
		{"tulip-Quartz-7", "", `{"flaws":[],"strength":"fair"}`},
		{"kX8#vTz2$Lw9", "", `{"flaws":[],"strength":"good"}`},
		{"kX8#vTz2$Lw9qM5", "", `{"flaws":[],"strength":"strong"}`},
		{"qxvzjk7", "", `{"flaws":["short","kinds"],"strength":"weak"}`},
		{"Lovelace-15", "", `{"flaws":["common"],"strength":"weak"}`},
		{"Vexarq-42!", "Ada Vexarq\nada@example.com", `{"flaws":["personal","common"],"strength":"weak"}`},
		{"Fernweh-42!", "", `{"flaws":["personal","common"],"strength":"weak"}`},
	} {
		rec := httptest.NewRecorder()
		if err := w.checkPassword(rec, posted(url.Values{"password": {tt.password}, "about": {tt.about}})); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(rec.Body.String()); got != tt.want {
			t.Errorf("%s about %q: %s, want %s", tt.password, tt.about, got, tt.want)
		}
	}
	if err := w.checkPassword(httptest.NewRecorder(), posted(url.Values{"about": {strings.Repeat("a", 4000)}})); err == nil {
		t.Error("4,000 bytes about a person were taken")
	}
}
