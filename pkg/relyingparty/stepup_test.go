package relyingparty

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestStepUp(t *testing.T) {
	a := startApp(t, nil)
	want := StepUp{ACR: []string{"gold", "urn:signet:acr:fresh"}, MaxAge: 5 * time.Minute}
	page := a.rp.RequireStepUp(http.HandlerFunc(tell), want)
	b := a.browser()
	b.whoAt("/private/")
	ask := func(header, value string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/pay?n=1", nil)
		r.Header.Set(header, value)
		for _, c := range b.cookies() {
			r.AddCookie(c)
		}
		rec := httptest.NewRecorder()
		page.ServeHTTP(rec, r)
		return rec
	}
	if rec := ask("Sec-Fetch-Mode", "navigate"); rec.Code != http.StatusBadGateway && rec.Code != http.StatusBadRequest {
		t.Errorf("right after a sign-in that did not do: %d %s", rec.Code, rec.Header().Get("Location"))
	}
	a.forward(time.Minute)
	rec := ask("Sec-Fetch-Mode", "navigate")
	to, err := rec.Result().Location()
	if err != nil {
		t.Fatalf("%d %v", rec.Code, err)
	}
	q := to.Query()
	if q.Get("acr_values") != "gold urn:signet:acr:fresh" || q.Get("max_age") != "300" ||
		q.Get("claims") != `{"id_token":{"acr":{"essential":true,"values":["gold","urn:signet:acr:fresh"]}}}` {
		t.Errorf("asked with %v", q)
	}
	rec = ask("Sec-Fetch-Mode", "cors")
	if got, ok := StepUpWanted(rec.Result()); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("a script is told %q, which reads %+v", rec.Header().Get("WWW-Authenticate"), got)
	}
}

func TestStepUpMet(t *testing.T) {
	now := time.Now()
	u := &User{ACR: "gold", AuthTime: now.Add(-time.Minute)}
	for _, c := range []struct {
		s    StepUp
		u    *User
		want bool
	}{
		{StepUp{}, u, true}, {StepUp{}, nil, false}, {StepUp{ACR: []string{"silver", "gold"}}, u, true}, {StepUp{ACR: []string{"silver"}}, u, false},
		{StepUp{MaxAge: 2 * time.Minute}, u, true}, {StepUp{MaxAge: 59 * time.Second}, u, false}, {StepUp{MaxAge: time.Hour}, &User{}, false},
	} {
		if c.s.Met(c.u, now) != c.want {
			t.Errorf("%+v of %+v: want %v", c.s, c.u, c.want)
		}
	}
}

func FuzzStepUpWanted(f *testing.F) {
	for _, seed := range []string{
		`Bearer error="insufficient_user_authentication", acr_values="a b", max_age="5"`, `DPoP error=insufficient_user_authentication,max_age=5`,
		`Bearer error="a\"b", x=`, `Bearer ="",,="`, `Basic realm="x"`, `Bearer error="insufficient_user_authentication", max_age="-1"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, challenge string) {
		s, ok := StepUpWanted(&http.Response{StatusCode: http.StatusUnauthorized, Header: http.Header{"Www-Authenticate": {challenge}}})
		if !ok {
			return
		}
		rec := httptest.NewRecorder()
		s.Challenge(rec)
		again, ok := StepUpWanted(rec.Result())
		if s.MaxAge < 0 || !ok || again.MaxAge != s.MaxAge || !strings.Contains(strings.Join(s.ACR, ""), `"`) && !strings.Contains(strings.Join(s.ACR, ""), `\`) && strings.Join(again.ACR, " ") != strings.Join(s.ACR, " ") {
			t.Errorf("%q reads %+v, and its own challenge %+v", challenge, s, again)
		}
	})
}
