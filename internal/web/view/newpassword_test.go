package view

import (
	"bytes"
	"strings"
	"testing"

	"github.com/jba/templatecheck"
)

// TestNewPasswordShowsItsRule in each form that a policy can have.
func TestNewPasswordShowsItsRule(t *testing.T) {
	pages, err := parse()
	if err != nil {
		t.Fatal(err)
	}
	if err := templatecheck.CheckHTML(pages.Lookup("new-password"), newPassword{}); err != nil {
		t.Error(err)
	}
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		part      NewPassword
		has, less []string
	}{
		{
			NewPassword{Least: 8, Most: 20, Kinds: 3, Free: 21, Focus: true},
			[]string{"8 to 20 characters", ">At least three of these: upper case, lower case, digit, symbol<", "minlength: 8; maxlength: 20; required: upper;", ` name="password" type="password" value="" autocomplete="new-password" required`},
			[]string{"data-check", "aria-invalid"},
		},
		{
			NewPassword{Least: 8, Most: 128, Kinds: 3, Free: 15, CheckURL: "/password/check", About: "Ada \"L\"\nada@example.com"},
			[]string{"8 to 128 characters", "From 15 characters on, any will do", `data-check="/password/check" data-about="Ada &#34;L&#34;` + "\nada@example.com\""},
			[]string{"autofocus"},
		},
		{
			NewPassword{Least: 15, Most: 128, Free: 15, Fault: FaultNewPasswordShort, Focus: true},
			[]string{"15 to 128 characters", "Use at least 15 characters.", `aria-describedby="password-fault password-rules" aria-invalid="true" autofocus`},
			[]string{"three of these", "required: upper"},
		},
		{
			NewPassword{Least: 15, Most: 128, Free: 15, ConfirmationFault: FaultConfirmationDiffers, Focus: true},
			[]string{`aria-describedby="confirmation-fault" aria-invalid="true" autofocus`},
			[]string{`aria-describedby="password-rules" aria-invalid`},
		},
	} {
		catalogue, err := catalogueOf(DefaultLocale)
		if err != nil {
			t.Fatal(err)
		}
		f := &Frame{renderer: r, catalogue: catalogue}
		var b bytes.Buffer
		if err := r.pages.ExecuteTemplate(&b, "new-password", f.Ask(tt.part)); err != nil {
			t.Fatal(err)
		}
		for _, s := range tt.has {
			if !strings.Contains(b.String(), s) {
				t.Errorf("%+v lacks %q: %s", tt.part, s, b.String())
			}
		}
		for _, s := range tt.less {
			if strings.Contains(b.String(), s) {
				t.Errorf("%+v has %q: %s", tt.part, s, b.String())
			}
		}
		if n := strings.Count(b.String(), "autofocus"); n > 1 {
			t.Errorf("%+v has %d fields with the focus", tt.part, n)
		}
	}
}
