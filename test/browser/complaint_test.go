package browser

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// knowsNoBirthday is what Chromium says of autocomplete="bday", which HTML has
// (§4.10.18.7) and WCAG 1.3.5 asks for. That the values of the attribute are those
// of HTML is held by package view's tests.
const knowsNoBirthday = "FormInputHasWrongButWellIntendedAutocompleteValueError"

// readsCookies is what Chromium says of a script that reads document.cookie, which
// is what browsers of every age have, and what old ones run.
const readsCookies = `"performanceIssueType":"DocumentCookie"`

// isSkipped is what Chromium says of a page that leads on by itself, and that
// going back therefore skips: so it is meant.
const isSkipped = `"errorType":"NavigationEntryMarkedSkippable"`

// What Chromium says of each cookie that a frame of another site is shown, and of an
// app that the browser passes on its way between two sites: that they may not always
// be.
const (
	isAbroad  = `"cookieWarningReasons":["WarnThirdPartyPhaseout"],"cookieExclusionReasons":[]`
	passesApp = `"bounceTrackingIssueDetails"`
)

// meant are the issues that follow from what pages are there for.
var meant = []string{knowsNoBirthday, readsCookies, isSkipped, isAbroad, passesApp}

// heard notes what the browser says of the tab.
func (tab *Tab) heard(event any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch e := event.(type) {
	case *page.EventFrameNavigated:
		if e.Frame.ParentID == "" {
			tab.commits++
			tab.visited = append(tab.visited, e.Frame.URL+e.Frame.URLFragment)
		}
	case *page.EventNavigatedWithinDocument:
		tab.visited = append(tab.visited, e.URL)
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			tab.status, tab.asked = e.Response.Status, e.Response.URL
			if e.Response.Status >= 400 {
				tab.refused[e.Response.URL]++
			}
		}
	case *log.EventEntryAdded:
		tab.logged(e.Entry)
	case *runtime.EventExceptionThrown:
		tab.fault("page error: %s", e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			tab.fault("console %s: %s", e.Type, printed(e.Args))
		}
	case *audits.EventIssueAdded:
		details, err := json.Marshal(e.Issue.Details)
		if slices.ContainsFunc(meant, func(one string) bool { return strings.Contains(string(details), one) }) {
			return
		}
		tab.fault("issue %s: %s %v", e.Issue.Code, details, err)
	}
}

// logged notes an entry of the browser's log. Of a document that is answered
// with an error the browser says so once; that is no news.
func (tab *Tab) logged(e *log.Entry) {
	if e.Level != log.EntryLevelError && e.Level != log.EntryLevelWarning {
		return
	}
	if e.Source == log.EntrySourceNetwork && strings.Contains(e.Text, "the server responded with a status of 4") {
		tab.rejected[e.URL]++
		return
	}
	tab.fault("log, %s %s: %s (%s)", e.Source, e.Level, e.Text, e.URL)
}

func (tab *Tab) fault(format string, args ...any) {
	tab.faults = append(tab.faults, fmt.Sprintf(format, args...))
}

func printed(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		words = append(words, string(a.Value)+a.Description)
	}
	return strings.Join(words, " ")
}

// complain fails the test for what the browser complained of since the last
// time.
func (tab *Tab) complain() {
	tab.t.Helper()
	tab.mu.Lock()
	defer tab.mu.Unlock()
	for _, f := range tab.faults {
		tab.t.Errorf("the browser complains at %s: %s", tab.here(), f)
	}
	tab.faults = nil
	for address, n := range tab.rejected {
		if n > tab.refused[address] {
			tab.t.Errorf("the browser could not load %s, which is not the page itself", address)
		}
		delete(tab.rejected, address)
	}
}

// last is the address where the tab is.
func (tab *Tab) last() string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return tab.here()
}

func (tab *Tab) here() string {
	if len(tab.visited) == 0 {
		return ""
	}
	return tab.visited[len(tab.visited)-1]
}

// Visited are the addresses of all documents that were shown, in order.
func (tab *Tab) Visited() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return append([]string(nil), tab.visited...)
}
