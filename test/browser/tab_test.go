package browser

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a page may take to come, on a busy machine.
const patience = time.Minute

// Some browsers, as they name themselves.
const (
	chromeOnLinux    = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	firefoxOnWindows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"
)

// Visitor is a person's browser: all its tabs share cookies, and nothing with
// another visitor.
type Visitor struct {
	t      testing.TB
	way    way
	agent  string
	ctx    context.Context
	opened bool
}

// newVisitor returns a browser that has been nowhere; it closes with the test.
func newVisitor(t testing.TB, w way) *Visitor {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	return &Visitor{t: t, way: w, agent: chromeOnLinux, ctx: ctx}
}

// Tab is a page of a browser, and what the browser complained of in it.
type Tab struct {
	t   testing.TB
	way way
	ctx context.Context

	mu       sync.Mutex
	commits  int      // documents that were shown
	visited  []string // their addresses
	status   int64    // of the last document
	asked    string   // the address that status came from
	refused  map[string]int
	rejected map[string]int
	faults   []string
}

// NewTab opens a tab. What the browser complains of in it, and no inspection
// has explained, fails the test at its end.
func (v *Visitor) NewTab() *Tab {
	v.t.Helper()
	ctx := v.ctx
	if v.opened { // the browser comes with one tab
		var cancel context.CancelFunc
		ctx, cancel = chromedp.NewContext(v.ctx)
		v.t.Cleanup(cancel)
	}
	v.opened = true
	tab := &Tab{t: v.t, way: v.way, ctx: ctx, refused: map[string]int{}, rejected: map[string]int{}}
	tab.do("opening a tab", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error { return nil }))
	if err := chromedp.Listen(ctx, tab.heard); err != nil {
		v.t.Fatal(err)
	}
	tab.do("opening a tab", chromedp.Func(func(ctx context.Context, s *chromedp.Target) error { return v.emulate(ctx, s) }))
	v.t.Cleanup(tab.complain)
	return tab
}

// emulate makes the tab that of the way.
func (v *Visitor) emulate(ctx context.Context, s *chromedp.Target) error {
	w := v.way
	// Where there is no window, nobody could be asked.
	if _, err := cdp.Call(ctx, s, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-write"}, Setting: browser.PermissionSettingGranted,
		BrowserContextID: chromedp.FromContext(v.ctx).BrowserContextID,
	}); err != nil {
		return err
	}
	if _, err := cdp.Call(ctx, s, audits.Enable, chromedp.Void{}); err != nil {
		return err
	}
	if _, err := cdp.Call(ctx, s, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: v.agent, AcceptLanguage: w.lang}); err != nil {
		return err
	}
	if _, err := cdp.Call(ctx, s, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: w.width(), Height: w.height(), DeviceScaleFactor: 1}); err != nil {
		return err
	}
	if _, err := cdp.Call(ctx, s, emulation.SetScrollbarsHidden, emulation.SetScrollbarsHiddenParams{Hidden: true}); err != nil {
		return err
	}
	if err := colours(ctx, s, "light"); err != nil {
		return err
	}
	// The tabs of all tests are in front at the same time.
	if _, err := cdp.Call(ctx, s, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		return err
	}
	_, err := cdp.Call(ctx, s, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !w.script})
	return err
}

// do runs the steps, which must succeed.
func (tab *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	if what == "opening a tab" {
		ctx = tab.ctx // the tab would end with the time
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatalf("%s: %v; at %s", what, err, tab.last())
	}
}

// eval returns the value of the script, which runs with page scripts switched
// off, too.
func eval[T any](tab *Tab, script string) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		tab.t.Fatalf("%.80s: %v; at %s", script, err, tab.last())
	}
	return v
}

// Open goes to the address, as if typed.
func (tab *Tab) Open(address string) {
	tab.t.Helper()
	tab.leave("opening "+address, func() { tab.do("opening "+address, chromedp.Navigate(address)) })
}

// Reload asks for the same page again.
func (tab *Tab) Reload() {
	tab.t.Helper()
	tab.leave("reloading", func() { tab.do("reloading", chromedp.Reload()) })
}

// Back goes to the page before.
func (tab *Tab) Back() {
	tab.t.Helper()
	// chromedp's own step waits for a load that a page from the cache of back
	// and forward never has.
	tab.leave("going back", func() {
		tab.do("going back", chromedp.Func(func(ctx context.Context, s *chromedp.Target) error {
			history, err := cdp.Call(ctx, s, page.GetNavigationHistory, chromedp.Void{})
			if err != nil {
				return err
			}
			before := history.Entries[history.CurrentIndex-1]
			_, err = cdp.Call(ctx, s, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: before.ID})
			return err
		}))
	})
}

// Follow clicks on what leads to another page, and waits for that page.
func (tab *Tab) Follow(selector string) {
	tab.t.Helper()
	tab.leave("following "+selector, func() { tab.Click(selector) })
}

// Enter presses the key Enter on what has the focus, and waits for the page
// that it leads to.
func (tab *Tab) Enter() {
	tab.t.Helper()
	tab.leave("pressing Enter", func() { tab.Press(kb.Enter) })
}

// Press presses the keys, one after the other.
func (tab *Tab) Press(keys string) {
	tab.t.Helper()
	tab.do("pressing keys", chromedp.KeyEvent(keys))
}

// leave does what leads to another document, and waits until that is complete.
func (tab *Tab) leave(what string, act func()) {
	tab.t.Helper()
	tab.mu.Lock()
	before := tab.commits
	tab.mu.Unlock()
	act()
	tab.until(what, func() bool {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		return tab.commits > before
	})
	tab.complete(what)
}

// complete waits until the document has all that it needs.
func (tab *Tab) complete(what string) {
	tab.t.Helper()
	tab.until(what, func() bool {
		ctx, cancel := context.WithTimeout(tab.ctx, patience)
		defer cancel()
		state, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.readyState`))
		return err == nil && state == "complete" // an error: it is just being left
	})
}

// until waits for the condition.
func (tab *Tab) until(what string, holds func() bool) {
	tab.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			tab.t.Fatalf("%s: nothing came of it; at %s", what, tab.last())
		}
	}
}

// Arrive waits until the tab is at an address with the prefix.
func (tab *Tab) Arrive(prefix string) {
	tab.t.Helper()
	for deadline := time.Now().Add(patience); !strings.HasPrefix(tab.last(), prefix); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			tab.t.Fatalf("at %s, want %s", tab.last(), prefix)
		}
	}
	tab.complete("arriving at " + prefix)
}

// place is where on the page a control is, and what lies above it.
type place struct {
	X, Y    float64
	Since   float64 // when its document began
	Problem string
}

// Click clicks on the control, which must be seen and not be covered. A script may
// move it away meanwhile, with what it has to say: then the click is made again.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	for range 10 {
		p := tab.find(selector)
		tab.do("clicking on "+selector, chromedp.MouseClickXY(p.X, p.Y))
		if !tab.way.script || !tab.missed(p) {
			return
		}
	}
	tab.t.Fatalf("%s does not keep still; at %s", selector, tab.last())
}

// missed reports whether the document is still the one that the control was found
// in, and the control has not been pressed.
func (tab *Tab) missed(p place) bool {
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	missed, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(`performance.timeOrigin === %v && pressed === false`, p.Since)))
	return err == nil && missed // an error: it is just being left
}

// find returns where the control is, which it brings into view.
func (tab *Tab) find(selector string) place {
	tab.t.Helper()
	p := eval[place](tab, fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		if (!e) return {Problem: 'is not on the page'};
		e.scrollIntoView({block: 'center', behavior: 'instant'});
		const r = e.getClientRects()[0];
		if (!r || !r.width || !r.height) return {Problem: 'has no size'};
		const x = r.x + r.width / 2, y = r.y + r.height / 2, top = document.elementFromPoint(x, y);
		if (!top || !(e.contains(top) || top.contains(e))) return {Problem: 'is covered by ' + (top && top.outerHTML.slice(0, 80))};
		pressed = false;
		addEventListener('mousedown', event => { pressed = e.contains(event.target) || event.target === top; }, {capture: true, once: true});
		return {X: x, Y: y, Since: performance.timeOrigin};
	})()`, selector))
	if p.Problem != "" {
		tab.t.Fatalf("%s %s; at %s", selector, p.Problem, tab.last())
	}
	return p
}

// Type replaces what is in the field with the text.
func (tab *Tab) Type(selector, text string) {
	tab.t.Helper()
	tab.Click(selector)
	eval[bool](tab, fmt.Sprintf(`document.querySelector(%q).select() === undefined`, selector))
	tab.Write(text)
}

// Write types the text into the field that has the focus. A page gives it to
// its first field only when it is first drawn, which is after it is complete.
func (tab *Tab) Write(text string) {
	tab.t.Helper()
	tab.until("waiting for a field with the focus", func() bool {
		return eval[bool](tab, `document.activeElement !== null && document.activeElement.matches("input, textarea, select")`)
	})
	tab.do("typing", chromedp.Func(func(ctx context.Context, s *chromedp.Target) error {
		_, err := cdp.Call(ctx, s, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// Has reports whether the page has such an element.
func (tab *Tab) Has(selector string) bool {
	tab.t.Helper()
	return eval[bool](tab, fmt.Sprintf(`document.querySelector(%q) !== null`, selector))
}

// Text is what the element says; "" when there is none.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return strings.Join(strings.Fields(eval[string](tab, fmt.Sprintf(`document.querySelector(%q)?.textContent ?? ""`, selector))), " ")
}
