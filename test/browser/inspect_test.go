package browser

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Look is what a page should be like, beside what holds for all.
type Look struct {
	Status int    // 0: 200
	Lang   string // "": that of the way
	Focus  string // id of the control that has the focus; "": any
	Has    string // selector of something on it
}

// state is what the page says of itself.
type state struct {
	Lang, Dir, Title, Focus string
	Headings, Wide          int
	Widest, Clipped         string
}

const readState = `(() => {
	const root = document.documentElement, over = [...document.querySelectorAll('body *')].find(e => {
		const r = e.getBoundingClientRect();
		return r.width > 0 && (r.right > innerWidth + 1 || r.left < -1) && getComputedStyle(e).position !== 'absolute';
	}), clipped = [...document.querySelectorAll('main :is(h1, p, strong, bdi)')].find(e => {
		const r = e.getBoundingClientRect();
		return r.width > 1 && (r.right > innerWidth + 1 || r.left < -1);
	});
	return {
		Lang: root.lang, Dir: getComputedStyle(root).direction, Title: document.title,
		Focus: document.activeElement ? document.activeElement.id : '', Headings: document.querySelectorAll('h1').length,
		Wide: root.scrollWidth, Widest: over ? over.outerHTML.slice(0, 120) : '', Clipped: clipped ? clipped.outerHTML.slice(0, 120) : '',
	};
})()`

// See waits until the tab is at the address, or one that begins with it, and
// inspects the page: it is as look says, and good in light and in dark.
func (tab *Tab) See(address string, look Look) {
	tab.t.Helper()
	tab.Arrive(address)
	if look.Has != "" {
		if !tab.Has(look.Has) {
			tab.t.Fatalf("%s has no %s; it says: %.400s", tab.last(), look.Has, tab.Text("main"))
		}
	}
	tab.mu.Lock()
	status := tab.status
	tab.mu.Unlock()
	if want := max(200, look.Status); status != int64(want) {
		tab.t.Errorf("%s: status %d, want %d", tab.last(), status, want)
	}
	if look.Focus != "" { // given when the page is first drawn, which is after it is complete
		for end := time.Now().Add(patience / 3); !tab.Has("#"+look.Focus+":focus") && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
	}
	s := eval[state](tab, readState)
	lang := look.Lang
	if lang == "" {
		lang = tab.way.lang
	}
	if s.Lang != lang || s.Dir != dir(lang) {
		tab.t.Errorf("%s: lang %q and direction %q, want %q and %q", tab.last(), s.Lang, s.Dir, lang, dir(lang))
	}
	if s.Title == "" || s.Headings != 1 {
		tab.t.Errorf("%s: title %q and %d headings of the first level, want a title and one heading", tab.last(), s.Title, s.Headings)
	}
	if int64(s.Wide) > tab.way.width() {
		tab.t.Errorf("%s: %d pixels wide in a window of %d; see %s", tab.last(), s.Wide, tab.way.width(), s.Widest)
	}
	if s.Clipped != "" {
		tab.t.Errorf("%s: cut off at the edge of the window: %s", tab.last(), s.Clipped)
	}
	if look.Focus != "" && s.Focus != look.Focus {
		tab.t.Errorf("%s: the focus is on %q, want %q", tab.last(), s.Focus, look.Focus)
	}
	tab.axe()
	tab.complain()
}

// judged are the pages that axe found good in one way of walking, by their sum.
var judged sync.Map

// unlike are the parts of a page that say nothing of how it is built: names drawn at
// random, and figures, such as times and ports.
var unlike = regexp.MustCompile(`[A-Za-z0-9_-]{16,}|[0-9]+`)

// styles are the names of the style sheets, which say what is in them.
var styles = regexp.MustCompile(`[^"]+\.css`)

// sum is the same for pages that differ in nothing else.
func (tab *Tab) sum() string {
	page := eval[string](tab, "document.documentElement.outerHTML")
	sum := sha256.Sum256([]byte(tab.way.name + strings.Join(styles.FindAllString(page, -1), " ") + unlike.ReplaceAllString(page, "-")))
	return string(sum[:])
}

// axe runs axe-core in both colour schemes, or in one where words are what is new. With page scripts switched off they
// are switched on for this moment; those that the page came without stay out. The very same page is judged once: many journeys
// begin with it.
func (tab *Tab) axe() {
	tab.t.Helper()
	sum := tab.sum()
	if _, good := judged.Load(sum); good {
		return
	}
	good := true
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, s *chromedp.Target) error {
		if err := scripts(ctx, s, true); err != nil {
			return err
		}
		schemes := []string{"light", "dark"}
		if tab.way.words {
			schemes = schemes[:1]
		}
		for _, scheme := range schemes {
			if err := colours(ctx, s, scheme); err != nil {
				return err
			}
			rules := allRules
			switch {
			case tab.way.words:
				rules = allButContrast
			case scheme == "dark":
				rules = contrast // nothing else depends on colours
			}
			found, err := violations(ctx, s, rules)
			if err != nil {
				return err
			}
			for _, v := range found {
				good = false
				tab.t.Errorf("%s, in %s: axe %s", tab.last(), scheme, v)
			}
		}
		return scripts(ctx, s, tab.way.script)
	}))
	if err != nil {
		tab.t.Fatalf("axe at %s: %v", tab.last(), err)
	}
	if good {
		judged.Store(sum, true)
	}
}

// colours asks pages for the colour scheme, and for no movement: what is half
// faded in would be judged as it stands.
func colours(ctx context.Context, s *chromedp.Target, scheme string) error {
	_, err := cdp.Call(ctx, s, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
	return err
}

func scripts(ctx context.Context, s *chromedp.Target, on bool) error {
	_, err := cdp.Call(ctx, s, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
	return err
}

// What axe is asked about.
const (
	allRules       = `rules: {'target-size': {enabled: true}}`
	allButContrast = `rules: {'target-size': {enabled: true}, 'color-contrast': {enabled: false}}`
	contrast       = `runOnly: ['color-contrast']`
)

// allFrames lets axe ask a frame that is of no origin, such as that of a letter: it
// has no answer, but to have asked is no complaint.
const allFrames = `;axe.configure({allowedOrigins: ['<unsafe_all_origins>']});0`

const runAxe = `axe.run(document, {resultTypes: ['violations'], preload: false, %s}).then(r => r.violations.map(v => v.id + ': ' + v.help + '; ' + v.nodes.map(n =>
	n.html.slice(0, 120) + ' ' + n.any.concat(n.all, n.none).map(c => c.message).join(', ')).join(' | ')))`

// violations runs axe in the page, which it is given where it has not got it.
func violations(ctx context.Context, s *chromedp.Target, rules string) ([]string, error) {
	yes := true
	there, err := cdp.Call(ctx, s, runtime.Evaluate, runtime.EvaluateParams{Expression: `typeof axe`, ReturnByValue: &yes})
	if err != nil {
		return nil, err
	}
	if strings.Contains(string(there.Result.Value), "undefined") {
		if _, err := cdp.Call(ctx, s, runtime.Evaluate, runtime.EvaluateParams{Expression: axe + allFrames}); err != nil {
			return nil, err
		}
	}
	got, err := cdp.Call(ctx, s, runtime.Evaluate, runtime.EvaluateParams{Expression: fmt.Sprintf(runAxe, rules), ReturnByValue: &yes, AwaitPromise: &yes})
	if err != nil {
		return nil, err
	}
	if got.ExceptionDetails != nil {
		return nil, fmt.Errorf("%s %s", got.ExceptionDetails.Text, got.ExceptionDetails.Exception.Description)
	}
	var found []string
	return found, json.Unmarshal([]byte(got.Result.Value), &found)
}
