package view_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"signet/internal/web/view"
	"signet/internal/web/view/states"
)

// TestPagesAreSound holds every state in every language to the policy that
// browsers enforce and to what assistive technology needs.
func TestPagesAreSound(t *testing.T) {
	r := newRenderer(t)
	for _, l := range view.Locales() {
		for _, s := range states.All() {
			t.Run(l.String()+"/"+s.Name, func(t *testing.T) {
				page := render(t, r, l, s.Page())
				doc, err := html.Parse(bytes.NewReader(page))
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(page, []byte("ZgotmplZ")) {
					t.Error("a value did not fit its place")
				}
				lintPage(t, l, doc)
			})
		}
	}
}

func lintPage(t *testing.T, l view.Locale, doc *html.Node) {
	t.Helper()
	var elements []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			elements = append(elements, n)
		}
	}
	ids, labelled := map[string]bool{}, map[string]bool{}
	count := map[string]int{}
	for _, n := range elements {
		count[n.Data]++
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("the id %q is there twice", id)
			}
			ids[id] = true
		}
		if n.Data == "label" {
			labelled[attr(n, "for")] = true
		}
		if has(n, "autofocus") {
			count["autofocus"]++
		}
	}
	if count["h1"] != 1 || count["main"] != 1 || count["title"] != 1 || count["autofocus"] > 1 {
		t.Errorf("a page has one h1, main and title, and at most one autofocus; this one: %v", count)
	}
	for _, n := range elements {
		lintPolicy(t, n)
		lintElement(t, l, n, ids, labelled)
	}
}

// lintPolicy holds the page to a policy without unsafe-inline.
func lintPolicy(t *testing.T, n *html.Node) {
	t.Helper()
	if n.Data == "style" || (n.Data == "script" && (attr(n, "src") == "" || n.FirstChild != nil)) {
		t.Errorf("inline <%s>", n.Data)
	}
	for _, a := range n.Attr {
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
			t.Errorf("<%s %s>", n.Data, a.Key)
		}
		if (a.Key == "href" || a.Key == "src" || a.Key == "action") && a.Val == "" {
			t.Errorf("<%s> with an empty %s", n.Data, a.Key)
		}
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
			t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
		}
	}
}

// autofill are the values of autocomplete that pages use (HTML §4.10.18.7).
var autofill = []string{
	"off", "username", "email", "current-password", "new-password", "one-time-code", "given-name", "family-name", "bday", "organization",
}

func lintElement(t *testing.T, l view.Locale, n *html.Node, ids, labelled map[string]bool) {
	t.Helper()
	switch n.Data {
	case "html":
		if attr(n, "lang") != l.String() || attr(n, "dir") != l.Dir() {
			t.Errorf("<html lang=%q dir=%q>", attr(n, "lang"), attr(n, "dir"))
		}
	case "input":
		unseen := attr(n, "type") == "hidden" || has(n, "hidden")
		if !unseen && !labelled[attr(n, "id")] && !within(n, "label") {
			t.Errorf("the input %q has no label", attr(n, "name"))
		}
		if auto := attr(n, "autocomplete"); auto != "" && !slices.Contains(autofill, auto) {
			t.Errorf("the input %q has autocomplete=%q", attr(n, "name"), auto)
		}
		if attr(n, "aria-invalid") == "true" && attr(n, "aria-describedby") == "" {
			t.Errorf("the input %q does not say what is wrong", attr(n, "name"))
		}
	case "img":
		if !has(n, "alt") {
			t.Errorf("the image %q has no alt", attr(n, "src"))
		}
	case "form":
		if attr(n, "method") != "post" && attr(n, "role") != "search" {
			t.Error("a form that does not post, and is no search")
		}
	case "button", "a", "h1", "h2", "title", "th", "label", "summary":
		if strings.TrimSpace(text(n)) == "" && attr(n, "aria-label") == "" {
			t.Errorf("<%s> without words", n.Data)
		}
	}
	for _, key := range []string{"aria-describedby", "aria-labelledby", "for"} {
		for id := range strings.FieldsSeq(attr(n, key)) {
			if !ids[id] {
				t.Errorf("%s=%q points nowhere", key, id)
			}
		}
	}
}

// TestContractOfForms holds the names that scripts, password managers and
// certification suites rely on.
func TestContractOfForms(t *testing.T) {
	want := map[string][]string{
		"signin/identifier/first": {"input#username[name=username]", "button#submit"},
		"signin/password/first":   {"input#password[name=password]", "button#submit", "input[name=username][autocomplete=username]"},
		"consent/usual":           {"button#allow[value=allow]", "button#deny[value=deny]"},
		"signout/confirm/asked":   {"button#submit[value=sign_out]"},
		"signin/choose/one":       {"button#submit[name=account]"},
	}
	r := newRenderer(t)
	for _, s := range states.All() {
		doc, err := html.Parse(bytes.NewReader(render(t, r, view.DefaultLocale, s.Page())))
		if err != nil {
			t.Fatal(err)
		}
		for _, selector := range want[s.Name] {
			if !slices.ContainsFunc(slices.Collect(doc.Descendants()), func(n *html.Node) bool { return matches(n, selector) }) {
				t.Errorf("%s has no %s", s.Name, selector)
			}
		}
		delete(want, s.Name)
	}
	if len(want) > 0 {
		t.Errorf("no such states: %v", want)
	}
}

// matches knows selectors of the form element#id[name=value][name=value].
func matches(n *html.Node, selector string) bool {
	head, conditions, _ := strings.Cut(selector, "[")
	element, id, _ := strings.Cut(head, "#")
	if n.Type != html.ElementNode || n.Data != element || (id != "" && attr(n, "id") != id) {
		return false
	}
	for condition := range strings.SplitSeq(strings.TrimSuffix(conditions, "]"), "][") {
		if name, value, ok := strings.Cut(condition, "="); ok && attr(n, name) != value {
			return false
		}
	}
	return true
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

func within(n *html.Node, element string) bool {
	for p := range n.Ancestors() {
		if p.Data == element {
			return true
		}
	}
	return false
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
