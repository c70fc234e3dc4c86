package view_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"signet/internal/web/view"
)

// letters are those that are held as golden files, each in every language.
func letters() map[string]func() view.Letter {
	frame := view.LetterFrame{HomeURL: "https://id.example"}
	until := time.Date(2026, time.November, 24, 12, 5, 9, 0, time.UTC)
	noon := time.Date(2026, time.November, 23, 14, 5, 9, 0, time.FixedZone("", 7200))
	return map[string]func() view.Letter{
		"activate": func() view.Letter {
			return &view.Activate{
				LetterFrame: frame, AppName: "Device console", Code: "048213", LinkURL: "https://id.example/signup/confirm?link=l1", Until: until,
			}
		},
		"approval_asked": func() view.Letter {
			return view.NewApprovalAsked(frame, view.ApprovalAsked{
				App: "Device console", Domain: "devices.example", Message: "W4SCT", At: noon, Until: until, URL: "https://id.example/approve?request=r1",
			})
		},
		"invitation": func() view.Letter {
			return &view.InvitationLetter{
				LetterFrame: frame, Org: "Analytical Engines", Role: view.RoleViewer, Inviter: view.Person{Name: "Ada Lovelace", Email: "ada@example.com"},
				LinkURL: "https://id.example/invitation?link=l1", Until: until,
			}
		},
		"invitation_operator": func() view.Letter {
			return &view.InvitationLetter{
				LetterFrame: frame, Org: "Analytical Engines", Role: view.RoleOwner, LinkURL: "https://id.example/invitation?link=l1", Until: until,
			}
		},
		"invitation_house": func() view.Letter {
			return &view.InvitationLetter{LetterFrame: frame, LinkURL: "https://id.example/invitation?link=l1", Until: until}
		},
		"known_address": func() view.Letter {
			return &view.KnownAddress{LetterFrame: frame, SignInURL: "https://id.example/account", RecoverURL: "https://id.example/recover"}
		},
		"sign_in": func() view.Letter {
			return &view.NewSignIn{
				LetterFrame: frame, Email: "ada@example.com", At: time.Date(2026, time.November, 23, 14, 5, 9, 0, time.FixedZone("", 7200)),
				Device: view.Device{Browser: "Firefox", System: "Windows"}, Address: "2001:db8::7",
				AccountURL: "https://id.example/account#devices",
			}
		},
		"account_confirm": func() view.Letter {
			return view.NewConfirmEmail(frame, "https://id.example/account/email/confirm?link=x", noon)
		},
		"account_taken": func() view.Letter { return view.NewTakenEmail(frame, "https://id.example/account") },
		"account_moved": func() view.Letter {
			return view.NewEmailMoved(frame, "ada@example.org", "https://id.example/account/email/restore?link=x", noon,
				view.Where{At: noon, Device: view.Device{Browser: "Firefox", System: "Windows"}, Address: "2001:db8::7"})
		},
		"account_lost": func() view.Letter {
			return view.NewEmailLost(frame, "https://id.example/recover",
				view.Where{At: noon, Device: view.Device{Browser: "Firefox", System: "Windows"}, Address: "2001:db8::7"})
		},
		"account_disconnected": func() view.Letter {
			return view.NewDisconnected(frame, "https://id.example/account", "Contoso <IT>",
				view.Where{At: noon, Device: view.Device{Browser: "Firefox", System: "Windows"}, Address: "2001:db8::7"})
		},
		"account_closed": func() view.Letter {
			return view.NewAccountClosed(frame, "https://id.example/account", noon, false)
		},
		"account_soon":   func() view.Letter { return view.NewAccountClosed(frame, "https://id.example/account", noon, true) },
		"account_erased": func() view.Letter { return view.NewAccountErased(frame) },
		"org_role": func() view.Letter {
			return view.NewOrgRole(frame, view.OrgNews{Org: "Analytical <Engines>", Role: view.RoleAdmin, By: "Ada Lovelace (ada@example.com)", At: noon}, "https://id.example/orgs/o1")
		},
		"org_joined": func() view.Letter {
			return view.NewOrgJoined(frame, view.OrgNews{Org: "Analytical Engines", Role: view.RoleViewer, By: "Eve Adams (eve@example.com)", At: noon}, "https://id.example/orgs/o1")
		},
		"org_removed": func() view.Letter {
			return view.NewOrgRemoved(frame, view.OrgNews{Org: "Analytical Engines", At: noon})
		},
		"org_deleted": func() view.Letter {
			return view.NewOrgDeleted(frame, view.OrgNews{Org: "Analytical Engines", By: "ada@example.com", At: noon, Erased: until}, "https://id.example/orgs")
		},
		"org_sign_in_required": func() view.Letter {
			return view.NewOrgSignInRequired(frame, view.OrgNews{Org: "Analytical Engines", Connection: "Entra <ID>", By: "ada@example.com", At: noon}, "https://id.example/orgs/o1/signin")
		},
		"org_domain_lost": func() view.Letter {
			return view.NewOrgDomainLost(frame, view.OrgNews{Org: "Analytical Engines", Domain: "engines.example", At: noon}, "https://id.example/orgs/o1/signin/domains/engines.example")
		},
		"org_setup_opened": func() view.Letter {
			return view.NewOrgSetupOpened(frame, view.OrgNews{Org: "Analytical Engines", From: &view.Where{At: noon, Device: view.Device{Browser: "Firefox", System: "Windows"}, Address: "2001:db8::7"}}, "https://id.example/orgs/o1/signin#delegate")
		},
		"reset_code": func() view.Letter {
			return &view.ResetCode{
				LetterFrame: frame, Email: "ada@example.com", Code: "041823", Minutes: "10",
				Device: view.Device{Browser: "Firefox", System: "Windows"}, Address: "2001:db8::7",
			}
		},
		"password_changed": func() view.Letter {
			return &view.PasswordChanged{
				LetterFrame: frame, Email: "ada@example.com", At: time.Date(2026, time.November, 23, 14, 5, 9, 0, time.FixedZone("", 7200)),
				Device: view.Device{Browser: "Firefox", System: "Windows"}, Address: "2001:db8::7", RecoverURL: "https://id.example/recover",
			}
		},
	}
}

func TestLettersAreAsHeld(t *testing.T) {
	r := newRenderer(t)
	held := map[string]bool{}
	for name, letter := range letters() {
		for _, l := range view.Locales() {
			w, err := r.Write(l, letter())
			if err != nil {
				t.Fatalf("%s in %s: %v", name, l, err)
			}
			lintLetter(t, l, w)
			for ext, got := range map[string]string{".html": w.HTML, ".txt": "Subject: " + w.Subject + "\n\n" + w.Text} {
				file := filepath.Join("testdata", "mail", name, l.String()+ext)
				held[file] = true
				if *update {
					writeGolden(t, file, []byte(got))
					continue
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("differs from %s at %q; if that is meant, run the test with -update", file, firstDifference(got, string(want)))
				}
			}
		}
	}
	files, err := filepath.Glob("testdata/mail/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !held[file] {
			t.Errorf("%s belongs to no letter", file)
		}
	}
}

// lintLetter holds a letter to what mail readers and people need: nothing is
// fetched, nothing runs, links are whole, and the plain text says the same.
func lintLetter(t *testing.T, l view.Locale, w view.Written) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(w.HTML))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(w.HTML, "ZgotmplZ") {
		t.Errorf("%s: a value did not fit its place", l)
	}
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			lintWords(t, l, n, w.Text)
			continue
		}
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "html":
			if attr(n, "lang") != l.String() || attr(n, "dir") != l.Dir() {
				t.Errorf("<html lang=%q dir=%q> in %s", attr(n, "lang"), attr(n, "dir"), l)
			}
		case "script", "link", "form", "iframe", "svg", "img":
			t.Errorf("%s: a letter with <%s>", l, n.Data)
		case "a":
			if !strings.HasPrefix(attr(n, "href"), "https://id.example/") || !strings.Contains(w.Text, attr(n, "href")) {
				t.Errorf("%s: the link %q is not whole, or not in the plain text", l, attr(n, "href"))
			}
		}
	}
	if strings.ContainsAny(w.Subject, "\r\n") || w.Subject == "" {
		t.Errorf("%s: subject %q", l, w.Subject)
	}
	if strings.Contains(w.HTML, "url(") || strings.Contains(w.HTML, "@import") {
		t.Errorf("%s: the style fetches something", l)
	}
	// RFC 5322 §2.1.1 allows 998 octets in a line; encodings fold, readers that
	// show the source do not.
	if len(w.HTML) > 12<<10 || len(w.Text) > 4<<10 {
		t.Errorf("%s: %d bytes of HTML, %d of text", l, len(w.HTML), len(w.Text))
	}
}

// onlyHTML is what stands in the HTML alone: the help with its button.
var onlyHTML = regexp.MustCompile(`^S$`)

func lintWords(t *testing.T, l view.Locale, n *html.Node, plain string) {
	t.Helper()
	words := strings.TrimSpace(n.Data)
	if words == "" || onlyHTML.MatchString(words) || within(n, "style") || within(n, "head") {
		return
	}
	if strings.Contains(plain, words) {
		return
	}
	var next bool // the sentence before the button's address helps with the button
	for s := n.NextSibling; s != nil; s = s.NextSibling {
		next = next || s.Data == "a"
	}
	if !next {
		t.Errorf("%s: the plain text does not say %q", l, words)
	}
}

// TestLetterOfABrand looks at what a brand changes, and that values of
// strangers stay values.
func TestLetterOfABrand(t *testing.T) {
	r, err := view.New(view.Options{BasePath: "/id", Brand: view.Brand{Name: "A & <B>", LogoURL: "/brand/logo.png", Accent: "#ffee00"}})
	if err != nil {
		t.Fatal(err)
	}
	w, err := r.Write(view.DefaultLocale, &view.NewSignIn{
		LetterFrame: view.LetterFrame{HomeURL: "https://house.example/id"},
		Device:      view.Device{Browser: "<script>alert(1)</script>"}, AccountURL: "https://house.example/id/account",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`src="https://house.example/brand/logo.png"`, "A &amp; &lt;B&gt;", "&lt;script&gt;"} {
		if !strings.Contains(w.HTML, want) {
			t.Errorf("the letter has no %s", want)
		}
	}
	if strings.Contains(w.HTML, "#ffee00") {
		t.Error("white words on a yellow button")
	}
	if !strings.Contains(w.Text, "A & <B>") {
		t.Error("plain text is not escaped")
	}
	if !bytes.HasSuffix([]byte(w.Text), []byte("\n")) {
		t.Error("plain text does not end with its last line")
	}
}
