package testenv

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// Browser is a browser without scripts: it keeps cookies, follows redirects
// inside the provider, and fills in the forms of the pages it gets. Where a
// redirect leaves the provider it stops, and the test reads what the app would
// have been told.
//
// It is for one goroutine at a time, but for Clone.
type Browser struct {
	Header http.Header // sent with every request

	t      testing.TB
	issuer *url.URL
	jar    http.CookieJar
	client *http.Client
}

// Page is an answer that the browser stopped at.
type Page struct {
	URL      *url.URL // of the last request
	Status   int
	Header   http.Header
	Body     string
	Location string // where a redirect led out of the provider; "": nowhere
	Hops     []string
	Forms    []*Form
}

// Form is a form of a page.
type Form struct {
	Action  string // absolute
	Method  string // upper case
	Fields  url.Values
	Buttons map[string][2]string // id -> name and value
	ids     []string             // of all controls
}

// transport serves every browser and app of a test's process: the ports of
// this machine are few, and a connection per request would use them up.
var transport = func() *http.Transport {
	own, err := trusted(nil)
	if err != nil {
		panic(err) // the tests of this process cannot begin
	}
	return &http.Transport{TLSClientConfig: own, MaxIdleConnsPerHost: 128, IdleConnTimeout: 30 * time.Second, DisableCompression: true}
}()

// Browser returns a new browser that nobody has signed in with.
func (e *Env) Browser() *Browser {
	e.t.Helper()
	return newBrowser(e.t, e.Issuer)
}

func newBrowser(t testing.TB, issuer string) *Browser {
	t.Helper()
	u, err := url.Parse(issuer)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &Browser{Header: http.Header{"Accept": {"text/html"}, "Accept-Language": {"en"}}, t: t, issuer: u, jar: jar}
	b.client = &http.Client{
		Transport: transport, Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return b
}

// For returns the same browser, cookies and all, for a subtest.
func (b *Browser) For(t testing.TB) *Browser {
	other := *b
	other.t, other.Header = t, b.Header.Clone()
	return &other
}

// Cookie returns the value of the provider's cookie, or "".
func (b *Browser) Cookie(name string) string {
	for _, c := range b.jar.Cookies(b.issuer) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// SetCookie plants a cookie of the provider.
func (b *Browser) SetCookie(name, value string) {
	b.jar.SetCookies(b.issuer, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// Get visits the address, which may be relative to the issuer.
func (b *Browser) Get(address string) *Page {
	b.t.Helper()
	return b.follow(http.MethodGet, b.absolute(address), nil)
}

// Post posts the fields as a page of the provider would.
func (b *Browser) Post(address string, fields url.Values) *Page {
	b.t.Helper()
	return b.follow(http.MethodPost, b.absolute(address), fields)
}

// Submit fills in the form with the pairs of names and values, and presses the
// button with the id.
func (b *Browser) Submit(f *Form, button string, pairs ...string) *Page {
	b.t.Helper()
	fields := url.Values{}
	for k, v := range f.Fields {
		fields[k] = slices.Clone(v)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
	}
	pressed, ok := f.Buttons[button]
	if !ok {
		b.t.Fatalf("the form has no button %q", button)
	}
	if pressed[0] != "" {
		fields.Set(pressed[0], pressed[1])
	}
	if f.Method == http.MethodGet { // the fields are the query, whatever the action had
		action, _, _ := strings.Cut(f.Action, "?")
		return b.follow(f.Method, action+"?"+fields.Encode(), nil)
	}
	return b.follow(f.Method, f.Action, fields)
}

func (b *Browser) absolute(address string) string {
	if strings.HasPrefix(address, "/") {
		return b.issuer.Scheme + "://" + b.issuer.Host + address
	}
	return address
}

// maxHops is more than any sign-in takes.
const maxHops = 12

func (b *Browser) follow(method, address string, fields url.Values) *Page {
	b.t.Helper()
	page := &Page{}
	for range maxHops {
		location := b.request(page, method, address, fields)
		if location == nil {
			page.Forms = forms(page)
			return page
		}
		page.Hops = append(page.Hops, location.String())
		if location.Host != b.issuer.Host || location.Scheme != b.issuer.Scheme {
			page.Location = location.String()
			return page
		}
		if page.Status != http.StatusTemporaryRedirect && page.Status != http.StatusPermanentRedirect {
			method, fields = http.MethodGet, nil
		}
		address = location.String()
	}
	b.t.Fatalf("redirected %d times: %v", maxHops, page.Hops)
	return nil
}

// request fills in the page and returns where it redirects to, or nil.
func (b *Browser) request(page *Page, method, address string, fields url.Values) *url.URL {
	b.t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(fields.Encode())
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for k, v := range b.Header {
		req.Header[k] = v
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if req.Header.Get("Origin") == "" {
			req.Header.Set("Origin", b.issuer.Scheme+"://"+b.issuer.Host)
		}
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	page.URL, page.Status, page.Header, page.Body = req.URL, resp.StatusCode, resp.Header, string(text)
	if resp.StatusCode/100 != 3 {
		return nil
	}
	location, err := resp.Location()
	if err != nil {
		b.t.Fatalf("%s %s: status %d without a Location", method, req.URL.Path, resp.StatusCode)
	}
	return location
}

// Form returns the form that has a control with the id, or nil.
func (p *Page) Form(id string) *Form {
	for _, f := range p.Forms {
		if slices.Contains(f.ids, id) {
			return f
		}
	}
	return nil
}

func forms(p *Page) []*Form {
	if !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
		return nil
	}
	root, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		return nil
	}
	var out []*Form
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" {
			out = append(out, readForm(p.URL, n))
		}
	}
	return out
}

func readForm(base *url.URL, n *html.Node) *Form {
	f := &Form{Fields: url.Values{}, Buttons: map[string][2]string{}, Method: strings.ToUpper(attr(n, "method"))}
	if action, err := base.Parse(attr(n, "action")); err == nil {
		f.Action = action.String()
	}
	for c := range n.Descendants() {
		if c.Type != html.ElementNode || (c.Data != "input" && c.Data != "button" && c.Data != "select") {
			continue
		}
		id, name, value := attr(c, "id"), attr(c, "name"), attr(c, "value")
		f.ids = append(f.ids, id)
		switch {
		case c.Data == "button":
			f.Buttons[id] = [2]string{name, value}
		case c.Data == "select":
			f.Fields.Add(name, chosen(c))
		case !slices.Contains([]string{"checkbox", "radio"}, attr(c, "type")) || hasAttr(c, "checked"):
			f.Fields.Add(name, value)
		}
	}
	return f
}

// chosen is the value of the option that a list begins with.
func chosen(list *html.Node) string {
	first := ""
	for o := range list.Descendants() {
		if o.Type == html.ElementNode && o.Data == "option" {
			if hasAttr(o, "selected") {
				return attr(o, "value")
			}
			if first == "" {
				first = attr(o, "value")
			}
		}
	}
	return first
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasAttr(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}
