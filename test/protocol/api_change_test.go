package protocol

import (
	"net/http"
	"strings"
	"testing"

	"signet/internal/testenv"
)

// idOf asks for the id of an account, as the operator's commands show it.
func idOf(t *testing.T, e *testenv.Env, who testenv.Person) string {
	t.Helper()
	code, out, errs := e.Run("", "user", "show", who.Email, "-o", "json")
	_, after, _ := strings.Cut(out, `"id": "`)
	id, _, _ := strings.Cut(after, `"`)
	if code != 0 || len(id) != 36 {
		t.Fatalf("%s: %s%s", who.Email, out, errs)
	}
	return id
}

// TestAPIAnOrganizationsLife: made, renamed, handed over, deleted and brought back
// by people, each as far as their role goes.
func TestAPIAnOrganizationsLife(t *testing.T) {
	each(t, func(t *testing.T, e *testenv.Env) {
		e.Apply(managed)
		operator, hers, his := itself(t, e.App(t, robot)), behalf(t, e, e.App(t, desk), ada), behalf(t, e, e.App(t, desk), bob)
		ada, bob := idOf(t, e, ada), idOf(t, e, bob)
		for _, body := range []string{`{}`, `{"name":""}`, `{"name":" "}`, `{"name":"x","more":1}`, `{"name":"` + strings.Repeat("x", 81) + `"}`, `{"name":7}`} {
			hers.refused(http.StatusUnprocessableEntity, "POST", "/organizations", body)
		}
		hers.refused(http.StatusBadRequest, "POST", "/organizations", `{"name":`)
		hers.refused(http.StatusForbidden, "POST", "/organizations", `{"name":"Mills","slug":"mills"}`)
		hers.refused(http.StatusForbidden, "POST", "/organizations", `{"name":"Mills","owner":"`+bob+`"}`)
		mills := hers.want(http.StatusCreated, "POST", "/organizations", `{"name":" The  Mills "}`)
		if mills.Str("name") != "The Mills" || mills.Str("role") != "owner" || mills.Str("created_at") == "" {
			t.Errorf("made: %s", mills.Body)
		}
		at := "/organizations/" + mills.Str("id")

		// Nobody else sees it; the operator does, and puts people into it.
		his.refused(http.StatusNotFound, "GET", at, "")
		his.refused(http.StatusNotFound, "PATCH", at, `{"name":"Mine"}`)
		his.refused(http.StatusNotFound, "PUT", at+"/members/"+bob, `{"role":"owner"}`)
		hers.refused(http.StatusNotFound, "PUT", at+"/members/"+bob, `{"role":"viewer"}`)
		operator.want(http.StatusOK, "PUT", at+"/members/"+bob, `{"role":"viewer"}`)

		// A viewer sees, and changes nothing; not what he is himself either.
		if got := his.all(at+"/members", "1"); namesIn(got, "email")+" "+namesIn(got, "role") != "ada@example.com, bob@example.com owner, viewer" {
			t.Errorf("members: %v", got)
		}
		found := his.want(http.StatusOK, "GET", at+"/members?query=ADA%20love", "")
		if !strings.Contains(found.Body, "ada@example.com") || strings.Contains(found.Body, "bob@example.com") {
			t.Errorf("searched for her: %s", found.Body)
		}
		if found := his.want(http.StatusOK, "GET", at+"/members?query=zo%C3%AB", ""); strings.TrimSpace(found.Body) != `{"items":[]}` {
			t.Errorf("searched for nobody: %s", found.Body)
		}
		his.refused(http.StatusUnprocessableEntity, "GET", at+"/members?query="+strings.Repeat("a", 101), "")
		for _, c := range [][3]string{
			{"PATCH", at, `{"name":"Mine"}`}, {"DELETE", at, ""}, {"PUT", at + "/members/" + bob, `{"role":"admin"}`},
			{"PUT", at + "/members/" + ada, `{"role":"viewer"}`}, {"DELETE", at + "/members/" + ada, ""}, {"POST", at + "/transfer", `{"to":"` + bob + `"}`},
		} {
			his.refused(http.StatusForbidden, c[0], c[1], c[2])
		}
		his.want(http.StatusOK, "PATCH", at, `{}`)
		hers.refused(http.StatusUnprocessableEntity, "PUT", at+"/members/"+bob, `{"role":"boss"}`)
		hers.want(http.StatusOK, "PUT", at+"/members/"+bob, `{"role":"admin"}`)
		if got := his.want(http.StatusOK, "PATCH", at, `{"name":"Mills & Co"}`); got.Str("name") != "Mills & Co" || got.Str("role") != "admin" {
			t.Errorf("renamed: %s", got.Body)
		}
		his.refused(http.StatusForbidden, "PATCH", at, `{"name":"Mills","slug":"mills"}`)
		his.refused(http.StatusForbidden, "PUT", at+"/members/"+bob, `{"role":"owner"}`)

		// The last owner stays, however she asks to go.
		for _, c := range [][3]string{{"DELETE", at + "/members/" + ada, ""}, {"PUT", at + "/members/" + ada, `{"role":"viewer"}`}} {
			hers.refused(http.StatusConflict, c[0], c[1], c[2])
		}
		operator.refused(http.StatusForbidden, "POST", at+"/transfer", `{"to":"`+bob+`"}`)
		if got := hers.want(http.StatusOK, "POST", at+"/transfer", `{"to":"`+bob+`"}`); got.Str("role") != "admin" {
			t.Errorf("handed over: %s", got.Body)
		}
		hers.refused(http.StatusForbidden, "DELETE", at, "")
		if got := his.want(http.StatusOK, "DELETE", at, ""); got.Str("erase_at") == "" {
			t.Errorf("deleted: %s", got.Body)
		}
		hers.refused(http.StatusNotFound, "GET", at, "")
		his.refused(http.StatusNotFound, "PATCH", at, `{"name":"Mills"}`)
		if got := namesIn(his.all("/organizations", "50&deleted=true"), "name"); got != "Mills & Co" || len(hers.all("/organizations", "50&deleted=true")) != 0 {
			t.Errorf("he can restore %s", got)
		}
		if got := his.want(http.StatusOK, "POST", at+"/restore", ""); got.Str("erase_at") != "" {
			t.Errorf("restored: %s", got.Body)
		}
		hers.want(http.StatusNoContent, "DELETE", at+"/members/"+ada, "")
		hers.refused(http.StatusNotFound, "GET", at, "")

		log := recorded(t, e, "organization")
		for _, want := range []string{"organization.create", "organization.member", "organization.rename", "organization.transfer", "organization.delete", "organization.restore", "organization.leave", `"client_id": "desk"`, `"actor": "operator"`} {
			if !strings.Contains(log, want) {
				t.Errorf("the audit log has no %s", want)
			}
		}
		if n := strings.Count(log, "organization.rename"); n != 1 {
			t.Errorf("renamed once, and the audit log has it %d times", n)
		}
	})
}

// recorded is what the audit log has of the kind of action.
func recorded(t *testing.T, e *testenv.Env, kind string) string {
	t.Helper()
	code, out, errs := e.Run("", "audit", "--action", kind, "-o", "json")
	if code != 0 {
		t.Fatal(errs)
	}
	return out
}

// TestAPITheOperator makes organizations for others, and gives them slugs.
func TestAPITheOperator(t *testing.T) {
	t.Parallel()
	e := boot(t, testenv.Options{})
	e.Apply(managed)
	operator, bob := itself(t, e.App(t, robot)), idOf(t, e, bob)
	for _, owner := range []string{"", "nobody", "019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55"} {
		operator.refused(http.StatusUnprocessableEntity, "POST", "/organizations", `{"name":"Mills","owner":"`+owner+`"}`)
	}
	operator.refused(http.StatusConflict, "POST", "/organizations", `{"name":"Mills","slug":"looms","owner":"`+bob+`"}`)
	operator.refused(http.StatusUnprocessableEntity, "POST", "/organizations", `{"name":"Mills","slug":"The Mills","owner":"`+bob+`"}`)
	made := operator.want(http.StatusCreated, "POST", "/organizations", `{"name":"Mills","slug":"mills","owner":"`+bob+`"}`)
	if made.Str("slug") != "mills" || made.Fields["role"] != nil {
		t.Errorf("made: %s", made.Body)
	}
	if got := operator.refused(http.StatusUnprocessableEntity, "PATCH", "/organizations/mills", `{"name":"\u202emills","slug":"works"}`); !strings.Contains(got.Body, "body.name") {
		t.Errorf("what is to blame is not said: %s", got.Body)
	}
	operator.want(http.StatusOK, "PATCH", "/organizations/mills", `{"name":"Works","slug":"works"}`)
	if got := operator.want(http.StatusOK, "PATCH", "/organizations/works", `{"slug":""}`); got.Fields["slug"] != nil || got.Str("name") != "Works" {
		t.Errorf("without a slug: %s", got.Body)
	}
	operator.refused(http.StatusNotFound, "GET", "/organizations/works", "")
	operator.refused(http.StatusConflict, "DELETE", "/organizations/"+made.Str("id")+"/members/"+bob, "")
	operator.refused(http.StatusNotFound, "PUT", "/organizations/looms/members/019e6f6a-6e53-7c39-9d0c-2f6f6a3b1c55", `{"role":"viewer"}`)
	operator.refused(http.StatusForbidden, "POST", "/organizations/looms/transfer", `{"to":"`+bob+`"}`)
}
