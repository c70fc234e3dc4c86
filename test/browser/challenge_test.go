package browser

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"signet/internal/challenge/challengetest"
	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// startChallenge boots a provider that asks for the kind before it sends a code
// to reset a password.
func startChallenge(t *testing.T, kind string) *testenv.Env {
	t.Helper()
	server := mailtest.Start(t, mailtest.Options{}) // codes are sent where mail is
	return testenv.Start(t, testenv.Options{Env: map[string]string{
		"SIGNET_CHALLENGE_RECOVER": kind, "SIGNET_CHALLENGE_POW_BITS": "12", "SIGNET_LIMITS_CHALLENGE_FLOW": "100/15m",
		"SIGNET_SMTP_URL": server.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>",
	}})
}

// file is what the control on the page shows, as the browser gets it.
func (tab *Tab) file(selector string) []byte {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`fetch(document.querySelector(%q).src)
		.then(r => r.ok ? r.arrayBuffer() : new ArrayBuffer(0))
		.then(b => btoa([...new Uint8Array(b)].map(c => String.fromCharCode(c)).join('')))`, selector), chromedp.EvalAwaitPromise))
	if err != nil {
		tab.t.Fatalf("fetching what %s shows: %v; at %s", selector, err, tab.last())
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) == 0 {
		tab.t.Fatalf("%s shows nothing: %v; at %s", selector, err, tab.last())
	}
	return data
}

// gap is where the machine sees the place of the piece.
func (tab *Tab) gap() int {
	tab.t.Helper()
	at, err := challengetest.Slider(tab.file(".scene picture:not(.piece) img"), tab.file(".piece img"))
	if err != nil {
		tab.t.Fatal(err)
	}
	return at
}

// hear types the digits that the machine hears.
func (tab *Tab) hear() {
	tab.t.Helper()
	heard, err := challengetest.Ear(tab.file("audio"))
	if err != nil {
		tab.t.Fatal(err)
	}
	tab.Type("#answer", heard)
}

// drag moves the mouse, with its button down, from the middle of the control
// sideways by so many pixels of the picture's file.
func (tab *Tab) drag(selector string, by int) {
	tab.t.Helper()
	p := eval[place](tab, fmt.Sprintf(`(() => {
		const e = document.querySelector(%q), scene = document.querySelector('.scene');
		scene.scrollIntoView({block: 'center', behavior: 'instant'});
		const r = e.getBoundingClientRect();
		return {X: r.x + r.width / 2, Y: r.y + r.height / 2};
	})()`, selector))
	scale := eval[float64](tab, `document.querySelector('.scene').clientWidth / 480`)
	tab.do("dragging "+selector, chromedp.Func(func(ctx context.Context, s *chromedp.Target) error {
		for i, kind := range []input.DispatchMouseEventType{
			chromedp.MousePressed, chromedp.MouseMoved, chromedp.MouseMoved, chromedp.MouseReleased,
		} {
			e := input.DispatchMouseEventParams{
				Type: kind, X: p.X + float64(by)*scale*float64(min(i, 2))/2, Y: p.Y, Button: input.MouseButtonLeft, ClickCount: 1,
			}
			if _, err := cdp.Call(ctx, s, input.DispatchMouseEvent, e); err != nil {
				return err
			}
		}
		return nil
	}))
}

// slideTo moves the slider, which has the focus, by the keyboard.
func (tab *Tab) slideTo(at int) {
	tab.t.Helper()
	is, err := strconv.Atoi(eval[string](tab, `document.activeElement.value`))
	if err != nil {
		tab.t.Fatal(err)
	}
	key := kb.ArrowRight
	if at < is {
		key = kb.ArrowLeft
	}
	tab.Press(strings.Repeat(key, max(at-is, is-at)))
}

// atChallenge opens the page of the reset and inspects it.
func (v *Visitor) atChallenge(e *testenv.Env) *Tab {
	v.t.Helper()
	tab := v.NewTab()
	tab.Open(e.Issuer + "/recover")
	tab.See(e.Issuer+"/recover?", Look{Has: "#challenge"})
	tab.Type("#username", v.way.email)
	return tab
}

// The slider, by whoever uses a mouse: a wrong place brings a new picture, the
// right one is what the button waits for.
func TestSlider(t *testing.T) {
	e := startChallenge(t, "slider")
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).atChallenge(e)
		if !w.script {
			slideWithoutScript(t, e, tab)
			return
		}
		if !tab.Has("#submit:disabled") {
			t.Error("the form can be sent before the piece is in its place")
		}
		first := eval[string](tab, `document.querySelector('[name=challenge]').value`)
		tab.drag(".piece", tab.gap()/2)
		tab.until("a wrong place", func() bool { return tab.Has("#answer-fault:not([hidden])") })
		if eval[string](tab, `document.querySelector('[name=challenge]').value`) == first {
			t.Error("a wrong answer leaves the same puzzle")
		}
		tab.See(e.Issuer+"/recover?", Look{Has: "#submit:disabled"})
		tab.drag(".piece", tab.gap())
		tab.until("the right place", func() bool { return tab.Text(".passed") != "" })
		if tab.Has("#submit:disabled") {
			t.Error("the form cannot be sent though the piece is in its place")
		}
		tab.Type("#username", "no address")
		tab.Follow("#submit")
		tab.See(e.Issuer+"/recover", Look{Has: "form .passed"})
		if tab.Has("#challenge") {
			t.Error("another fault of the form asks for the slider again")
		}
		tab.Type("#username", w.email)
		tab.Follow("#submit")
		tab.Arrive(e.Issuer + "/recover/code?")
	})
}

func slideWithoutScript(t *testing.T, e *testenv.Env, tab *Tab) {
	t.Helper()
	tab.Follow("#submit") // where it stands: at the start
	tab.See(e.Issuer+"/recover", Look{Has: "#answer-fault:not([hidden])", Focus: "answer"})
	tab.slideTo(tab.gap())
	tab.Follow("#submit")
	tab.Arrive(e.Issuer + "/recover/code?")
}

// The slider by keyboard alone: arrows, then Enter, and the focus goes on.
func TestSliderByKeyboard(t *testing.T) {
	e := startChallenge(t, "slider")
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).atChallenge(e)
		tab.tabTo("#answer")
		tab.slideTo(tab.gap())
		if !w.script {
			tab.tabTo("#submit")
			tab.Enter()
			tab.Arrive(e.Issuer + "/recover/code?")
			return
		}
		tab.Press(kb.Enter)
		tab.until("Enter", func() bool { return eval[string](tab, `document.activeElement.id`) == "submit" })
		tab.Enter()
		tab.Arrive(e.Issuer + "/recover/code?")
	})
}

// Who cannot see: the browser computes, or the digits are heard. Neither way
// needs eyes, and the second no script.
func TestWithoutEyes(t *testing.T) {
	e := startChallenge(t, "slider")
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).atChallenge(e)
		tab.Follow(".puzzle .links a:last-child")
		if w.script {
			tab.until("the work", func() bool { return tab.Text(".work .passed") != "" })
			tab.See(e.Issuer+"/recover?", Look{Has: "#submit:not(:disabled)"})
			tab.Type("#username", w.email)
			tab.Follow("#submit")
			tab.Arrive(e.Issuer + "/recover/code?")
			return
		}
		tab.See(e.Issuer+"/recover?", Look{Has: "noscript"})
		tab.Follow(".puzzle .links a:last-child")
		tab.See(e.Issuer+"/recover?", Look{Has: "audio"})
		tab.typeHeard(t, e, w)
	})
}

// typeHeard sends what the machine hears until it hears well, which it does two
// times in three.
func (tab *Tab) typeHeard(t *testing.T, e *testenv.Env, w way) {
	t.Helper()
	for range 40 {
		tab.Type("#username", w.email)
		tab.hear()
		tab.Follow("#submit")
		if strings.HasPrefix(tab.last(), e.Issuer+"/recover/code?") {
			return
		}
		tab.See(e.Issuer+"/recover", Look{Has: "#answer-fault:not([hidden])", Focus: "answer"})
	}
	t.Fatal("the machine does not hear the digits")
}

// Digits in a picture, which can be heard, too, and renewed.
func TestCharacters(t *testing.T) {
	e := startChallenge(t, "characters")
	eachWay(t, func(t *testing.T, w way) {
		tab := newVisitor(t, w).atChallenge(e)
		if tab.Has("#submit:disabled") {
			t.Error("the form cannot be sent")
		}
		tab.Follow("#submit")
		tab.See(e.Issuer+"/recover", Look{Has: "#answer-fault:not([hidden])", Focus: "answer"})
		first := tab.file(".scene img")
		if w.script {
			tab.Click(".again")
			tab.until("another picture", func() bool { return string(tab.file(".scene img")) != string(first) })
			if got := eval[string](tab, `document.querySelector('#username').value`); got != w.email {
				t.Errorf("with another picture, %q stands for the address", got)
			}
		} else {
			tab.Follow(".again")
		}
		tab.typeHeard(t, e, w)
	})
}
