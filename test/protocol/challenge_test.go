package protocol

import (
	"encoding/json"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"signet/internal/challenge/challengetest"
	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// puzzled is a page with a challenge, as a machine sees it.
type puzzled struct {
	*testenv.Page
	form  *testenv.Form
	shown map[string]string // "picture", "piece", "sound" -> address
}

var drawn = regexp.MustCompile(`src="(/challenge/(\w+)\?[^"]+)"`)

// puzzleAt reads the page.
func puzzleAt(t *testing.T, p *testenv.Page) *puzzled {
	t.Helper()
	out := &puzzled{Page: p, form: p.Form("submit"), shown: map[string]string{}}
	for _, m := range drawn.FindAllStringSubmatch(p.Body, -1) {
		out.shown[m[2]] = html.UnescapeString(m[1])
	}
	if out.form == nil || out.form.Fields.Get("challenge") == "" {
		t.Fatalf("%s asks nothing", p.URL)
	}
	return out
}

// answering is the form's fields with the answer, as a script sends them.
func (p *puzzled) answering(answer string) url.Values {
	fields := maps.Clone(p.form.Fields)
	fields.Set("purpose", "recover")
	fields.Set("answer", answer)
	return fields
}

// place is where the machine sees the gap.
func (p *puzzled) place(t *testing.T, b *testenv.Browser) string {
	t.Helper()
	at, err := challengetest.Slider([]byte(b.Get(p.shown["picture"]).Body), []byte(b.Get(p.shown["piece"]).Body))
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(at)
}

// wantVerdict checks what a script is told of an answer.
func wantVerdict(t *testing.T, what string, p *testenv.Page, solved bool) {
	t.Helper()
	var verdict struct {
		Solved    bool
		Challenge string
	}
	if err := json.Unmarshal([]byte(p.Body), &verdict); err != nil {
		t.Fatalf("%s: status %d, %v: %.100s", what, p.Status, err, p.Body)
	}
	if verdict.Solved != solved || (verdict.Challenge == "") != solved {
		t.Errorf("%s: %+v, want solved %t", what, verdict, solved)
	}
}

// TestSliderAgainstMachines: a machine may solve a slider, but each only once,
// in the browser and the sign-in where it was asked, and not more often than the
// limit says.
func TestSliderAgainstMachines(t *testing.T) {
	recovering(t, map[string]string{"SIGNET_CHALLENGE_RECOVER": "slider"}, func(t *testing.T, e *testenv.Env, _ *mailtest.Server) {
		mallory, eve := e.Browser().For(t), e.Browser().For(t)
		first, second := puzzleAt(t, mallory.Get("/recover")), puzzleAt(t, eve.Get("/recover"))
		answer := first.place(t, mallory)

		// Nobody else sees it, and looking changes nothing.
		if p := eve.Get(first.shown["picture"]); p.Status != http.StatusGone {
			t.Errorf("another browser sees the picture: status %d", p.Status)
		}
		for range 3 {
			p := mallory.Get(first.shown["picture"])
			if p.Status != http.StatusOK || p.Header.Get("Content-Type") != "image/png" || p.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("the picture: status %d, %v", p.Status, p.Header)
			}
		}
		// The right answer, in another flow, is no answer, and uses the puzzle up.
		stolen := second.answering(answer)
		stolen.Set("challenge", first.form.Fields.Get("challenge"))
		wantVerdict(t, "in another flow", eve.Post("/challenge", stolen), false)
		wantVerdict(t, "after that", mallory.Post("/challenge", first.answering(answer)), false)
		if p := mallory.Get(first.shown["picture"]); p.Status != http.StatusNotFound {
			t.Errorf("the picture of a puzzle that was used up: status %d", p.Status)
		}

		// Solved, it is good for one form.
		third := puzzleAt(t, mallory.Get("/recover"))
		fields := third.answering(third.place(t, mallory))
		wantVerdict(t, "the right answer", mallory.Post("/challenge", fields), true)
		send := func() string {
			return mallory.Submit(third.form, "submit", "username", grete.Email, "answer", fields.Get("answer")).URL.Path
		}
		if got := send(); got != "/recover/code" {
			t.Errorf("the form of a solved challenge leads to %s", got)
		}
		if got := send(); got != "/recover" {
			t.Errorf("sent again, it leads to %s", got)
		}
	})
}

// TestGuessesAreLimited: of many guesses at once no more are looked at than the
// limit of the flow says, and however many flows a machine begins, no more than
// the limit of its network.
func TestGuessesAreLimited(t *testing.T) {
	env := map[string]string{
		"SIGNET_DATABASE_DEADLINE": "1m", "SIGNET_REDIS_DEADLINE": "1m", // a busy machine is not what is tested
		"SIGNET_CHALLENGE_RECOVER": "characters", "SIGNET_LIMITS_CHALLENGE_FLOW": "10/15m", "SIGNET_LIMITS_CHALLENGE_NETWORK": "25/15m",
		"SIGNET_LIMITS_CHALLENGE_ASKED": "100000/15m", "SIGNET_LIMITS_EXEMPT": "192.0.2.0/24",
	}
	recovering(t, env, func(t *testing.T, e *testenv.Env, _ *mailtest.Server) {
		looked := 0
		for _, want := range []int{10, 10, 5, 0} {
			b := e.Browser().For(t)
			p := puzzleAt(t, b.Get("/recover"))
			got := statuses(atOnce(t, 250, func() *http.Request { return guess(t, e, b, p.answering("123456")) }))
			n := 0
			for status, times := range got {
				switch status {
				case http.StatusOK:
					n += times
				case http.StatusTooManyRequests:
				default:
					t.Errorf("%d guesses are answered with status %d", times, status)
				}
			}
			if looked += n; n != want {
				t.Errorf("%d guesses of a flow were looked at, want %d", n, want)
			}
		}
		t.Logf("of 1000 guesses %d were looked at", looked)
	})
}

// TestOtherKindsAreLimited: a machine that chooses the kind that is cheap for it
// soon has only the one that was set.
func TestOtherKindsAreLimited(t *testing.T) {
	env := map[string]string{
		"SIGNET_CHALLENGE_RECOVER": "slider", "SIGNET_LIMITS_CHALLENGE_OTHER": "3/15m", "SIGNET_LIMITS_EXEMPT": "192.0.2.0/24",
	}
	recovering(t, env, func(t *testing.T, e *testenv.Env, _ *mailtest.Server) {
		b := e.Browser().For(t)
		page := "/recover?" + b.Get("/recover").URL.RawQuery
		for i, kind := range []string{"pow", "characters", "pow", "pow", "characters", "slider", ""} {
			want := http.StatusOK
			if i == 3 || i == 4 {
				want = http.StatusTooManyRequests
			}
			if p := b.Get(page + "&other-challenge=" + kind); p.Status != want {
				t.Errorf("ask %d, for %q: status %d, want %d", i, kind, p.Status, want)
			}
		}
	})
}

// guess is the fields as a script in the browser posts them.
func guess(t *testing.T, e *testenv.Env, b *testenv.Browser, fields url.Values) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.Issuer+"/challenge", strings.NewReader(fields.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Cookie", "signet_browser="+b.Cookie("signet_browser"))
	return req
}

// TestSoundComesInParts: a browser that asks for parts of a sound, each of
// another node, gets parts of one sound.
func TestSoundComesInParts(t *testing.T) {
	recovering(t, map[string]string{"SIGNET_CHALLENGE_RECOVER": "characters"}, func(t *testing.T, e *testenv.Env, _ *mailtest.Server) {
		b := e.Browser().For(t)
		p := puzzleAt(t, b.Get("/recover"))
		whole := b.Get(p.shown["sound"])
		if whole.Status != http.StatusOK || whole.Header.Get("Content-Type") != "audio/wav" || whole.Header.Get("Accept-Ranges") != "bytes" {
			t.Fatalf("the sound: status %d, %v", whole.Status, whole.Header)
		}
		var parts []string
		for from := 0; from < len(whole.Body); from += 20_000 {
			b.Header.Set("Range", "bytes="+strconv.Itoa(from)+"-"+strconv.Itoa(from+19_999))
			part := b.Get(p.shown["sound"])
			if part.Status != http.StatusPartialContent {
				t.Fatalf("a part: status %d", part.Status)
			}
			parts = append(parts, part.Body)
		}
		if strings.Join(parts, "") != whole.Body {
			t.Error("the parts are not those of the whole")
		}
	})
}
