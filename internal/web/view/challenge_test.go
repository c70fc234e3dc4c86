package view

import (
	"bytes"
	"html/template"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// asking is a page that is nothing but a form with a challenge.
type asking struct {
	Frame
	Challenge *Challenge
}

func (*asking) template() string { return "test/asking" }

// TestChallenges draws every kind in every language, before an answer and after
// a wrong one, and looks for what forms and scripts rely on.
func TestChallenges(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.pages, err = parse(); err != nil { // anew: a set that was used takes no template
		t.Fatal(err)
	}
	template.Must(r.pages.New("test/asking").Parse(
		`{{template "top" (.Open "T")}}<form method="post" action="/x"><h1>T</h1>{{template "challenge" .}}<button id="submit">N</button></form>{{template "bottom" .}}`))
	for _, l := range Locales() {
		cat, err := catalogueOf(l)
		if err != nil {
			t.Fatal(err)
		}
		draw := func(c *Challenge) string {
			var b bytes.Buffer
			if err := r.render(&b, cat, &asking{Challenge: c}); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		for _, kind := range []ChallengeKind{ChallengeSlider, ChallengeCharacters, ChallengeWork} {
			c := &Challenge{
				ID: "i1", Kind: kind, Purpose: "sign-up", CheckURL: "/challenge", AgainURL: "/x?again", OtherURL: "/x?other",
				PictureURL: "/challenge/picture?id=i1", PieceURL: "/challenge/piece?id=i1", SoundURL: "/challenge/sound?id=i1",
				Salt: "ab", Parts: 16, Bits: 14, Foreign: true,
			}
			lintChallenge(t, draw(c))
			c.Fault = c.FaultOf("1")
			if page := draw(c); !strings.Contains(page, `aria-invalid="true"`) && kind != ChallengeWork {
				t.Errorf("%s, %s: a fault that is not at its field", l, kind)
			}
		}
		if page := draw(&Challenge{Solved: true}); strings.Contains(page, "<input") || strings.Contains(page, "challenge-") {
			t.Errorf("%s: something is asked that was solved", l)
		}
		if page := draw(nil); strings.Contains(page, "puzzle") {
			t.Errorf("%s: a challenge where there is none", l)
		}
	}
}

func lintChallenge(t *testing.T, page string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	ids, names := map[string]bool{}, map[string]int{}
	var refers []string
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			switch a.Key {
			case "id":
				ids[a.Val] = true
			case "name":
				if n.Data == "input" {
					names[a.Val]++
				}
			case "for", "aria-describedby":
				refers = append(refers, strings.Fields(a.Val)...)
			}
		}
	}
	for _, id := range refers {
		if !ids[id] {
			t.Errorf("%q is referred to and not there", id)
		}
	}
	for _, name := range []string{"challenge", "answer", "other-challenge"} {
		if names[name] != 1 {
			t.Errorf("%d fields %q", names[name], name)
		}
	}
}
