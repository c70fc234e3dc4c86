package protocol

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"signet/internal/testenv"
)

// atOnce sends n requests at the same moment and returns the answers.
func atOnce(t *testing.T, n int, request func() *http.Request) []*testenv.Answer {
	t.Helper()
	requests := make([]*http.Request, n)
	for i := range requests {
		requests[i] = request()
	}
	answers := make([]*testenv.Answer, n)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i, r := range requests {
		group.Go(func() {
			<-start
			a, err := testenv.Do(r)
			if err != nil {
				t.Errorf("request %d: %v", i, err)
				a = &testenv.Answer{}
			}
			answers[i] = a
		})
	}
	close(start)
	group.Wait()
	return answers
}

// statuses counts the answers.
func statuses(answers []*testenv.Answer) map[int]int {
	out := map[int]int{}
	for _, a := range answers {
		out[a.Status]++
	}
	return out
}

const callers = 50

// TestOneCodeManyCallers: of 50 parallel callers on all nodes one gets tokens,
// and because a code that is seen twice was stolen, they are dead.
func TestOneCodeManyCallers(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		b := signedIn(t, e, e.App(t, web), ada)
		for _, c := range []testenv.App{web, web, opaque, opaque} {
			app := e.App(t, c)
			r := app.Request("scope", "openid email offline_access")
			answer := b.SignIn(r, ada)
			got := atOnce(t, callers, func() *http.Request {
				return app.NewRequest("/token", url.Values{
					"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {c.Redirect}, "code_verifier": {r.Verifier},
				})
			})
			count := statuses(got)
			if count[http.StatusOK] != 1 || count[http.StatusBadRequest] != callers-1 {
				t.Errorf("%s: statuses %v, want one 200 and else 400", c.ID, count)
			}
			for _, a := range got {
				if a.Status != http.StatusOK {
					continue
				}
				if nonce := claimsOf(t, a.Str("id_token"))["nonce"]; nonce != r.Get("nonce") {
					t.Errorf("the winner's nonce is %v, want %s", nonce, r.Get("nonce"))
				}
				wantError(t, "userinfo", app.Userinfo(a.Str("access_token")), http.StatusUnauthorized, "invalid_token")
				wantError(t, "refresh", app.Refresh(a.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
			}
		}
	})
}

// TestOneRefreshTokenManyCallers: of 50 parallel callers with one token every
// one that is answered gets the same successor, which is good: the family is
// alive, and it is one.
func TestOneRefreshTokenManyCallers(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		first := tokens(t, signedIn(t, e, app, ada), app, ada, "scope", allScopes)
		subject := claimsOf(t, first.Str("id_token"))["sub"]
		refresh := first.Str("refresh_token")
		for range 3 {
			got := atOnce(t, callers, func() *http.Request {
				return app.NewRequest("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
			})
			successors := map[string]bool{}
			for _, a := range got {
				if a.Status != http.StatusOK {
					t.Errorf("%d %s, want 200 for all within the grace", a.Status, a.Body)
					continue
				}
				successors[a.Str("refresh_token")] = true
				if sub := claimsOf(t, a.Str("id_token"))["sub"]; sub != subject {
					t.Errorf("an answer is about %v, want %v", sub, subject)
				}
			}
			if len(successors) != 1 {
				t.Fatalf("%d successors, want one", len(successors))
			}
			refresh = slices.Collect(maps.Keys(successors))[0]
		}
		last := app.Refresh(refresh)
		if last.Status != http.StatusOK || app.Userinfo(last.Str("access_token")).Status != http.StatusOK {
			t.Errorf("the family is not alive: %s", last.Body)
		}
	})
}

// TestManyFamilies: parallel callers of different people get each their own.
func TestManyFamilies(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		subjects := map[string]any{} // refresh token -> subject
		for _, who := range []testenv.Person{ada, bob} {
			b := signedIn(t, e, app, who)
			for range 10 {
				got := tokens(t, b, app, who, "scope", allScopes)
				subjects[got.Str("refresh_token")] = claimsOf(t, got.Str("id_token"))["sub"]
			}
		}
		for range 3 {
			order := slices.Collect(maps.Keys(subjects))
			next, i := map[string]any{}, 0
			got := atOnce(t, len(order), func() *http.Request {
				i++
				return app.NewRequest("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {order[i-1]}})
			})
			for i, a := range got {
				if a.Status != http.StatusOK {
					t.Fatalf("%d %s", a.Status, a.Body)
				}
				if sub := claimsOf(t, a.Str("id_token"))["sub"]; sub != subjects[order[i]] {
					t.Errorf("an answer is about %v, want %v", sub, subjects[order[i]])
				}
				next[a.Str("refresh_token")] = subjects[order[i]]
			}
			if len(next) != len(subjects) {
				t.Fatalf("%d refresh tokens after %d", len(next), len(subjects))
			}
			subjects = next
		}
	})
}

// TestOneConsentManyTimes: a button that is pressed 20 times at once allows
// once, and answers the app once.
func TestOneConsentManyTimes(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, guest)
		b := signedIn(t, e, e.App(t, web), ada)
		r := app.Request()
		p := b.Get(r.Path())
		form := p.Form("allow")
		if form == nil {
			t.Fatalf("%s: no consent page", p.URL)
		}
		const presses = 20
		answers := make(chan url.Values, presses)
		start := make(chan struct{})
		var group sync.WaitGroup
		for range presses {
			tab := b.For(t)
			group.Go(func() {
				<-start
				p := tab.Submit(form, "allow")
				switch {
				case p.Location != "":
					answers <- r.Answer(p)
				case p.Status != http.StatusGone:
					t.Errorf("%s: %d, want the answer or the page of an ended flow", p.URL.Path, p.Status)
				}
			})
		}
		close(start)
		group.Wait()
		close(answers)
		if len(answers) != 1 {
			t.Fatalf("%d answers to the app, want 1", len(answers))
		}
		if got := app.Redeem(r, <-answers); got.Status != http.StatusOK {
			t.Errorf("the code: %s", got.Body)
		}
		r = app.Request("prompt", "none")
		wantAnswer(t, e, r, b.Get(r.Path()), "")
	})
}

// TestManySignInsAtOnce: everybody ends as who they are.
func TestManySignInsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		app := e.App(t, web)
		var mu sync.Mutex
		subjects := map[string]map[any]bool{ada.Email: {}, bob.Email: {}}
		var group sync.WaitGroup
		for i := range 20 {
			who := []testenv.Person{ada, bob}[i%2]
			b := e.Browser().For(t)
			group.Go(func() {
				for range 3 {
					r := app.Request("scope", "openid email")
					got := app.Redeem(r, b.SignIn(r, who))
					info := app.Userinfo(got.Str("access_token"))
					if got.Status != http.StatusOK || info.Str("email") != who.Email || claimsOf(t, got.Str("id_token"))["nonce"] != r.Get("nonce") {
						t.Errorf("%s: %d, userinfo %s", who.Email, got.Status, info.Body)
						return
					}
					mu.Lock()
					subjects[who.Email][info.Fields["sub"]] = true
					mu.Unlock()
				}
			})
		}
		group.Wait()
		for who, subs := range subjects {
			if len(subs) != 1 {
				t.Errorf("%s has %d subjects", who, len(subs))
			}
		}
	})
}
