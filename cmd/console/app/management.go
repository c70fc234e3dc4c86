package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"signet/pkg/relyingparty"
)

// The console asks Signet's management API about the organization, with the
// person's access token: so it can do what the person may do there, and no more.

// manageScopes are what its tokens need for that.
var manageScopes = []string{"openid", "profile", "email", "organizations", "organizations:read", "organizations:write"}

const (
	apiTimeout = 10 * time.Second
	maxAnswer  = 1 << 20 // bytes
)

// member is somebody in the organization, as the API tells it.
type member struct {
	Account string            `json:"account"`
	Email   string            `json:"email"`
	Name    string            `json:"name"`
	Role    relyingparty.Role `json:"role"`
}

// refused is what the API says when it does not do something (RFC 9457).
type refused struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// Error is for the log.
func (e *refused) Error() string { return fmt.Sprintf("the management API: %d %s", e.Status, e.Detail) }

// manage calls the API for the person; what is sent and what comes back may be nil.
func (a *app) manage(ctx context.Context, user *relyingparty.User, method, path string, send, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	var body io.Reader
	if send != nil {
		text, err := json.Marshal(send)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	of := "/api/v1/organizations/" + url.PathEscape(user.Organization.ID)
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(a.config.Issuer, "/")+of+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+user.AccessToken())
	if send != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return err
	case resp.StatusCode >= http.StatusBadRequest:
		problem := &refused{Status: resp.StatusCode}
		_ = json.Unmarshal(text, problem) // what is no problem has a status at least
		problem.Status = resp.StatusCode
		return problem
	case answer == nil || len(text) == 0:
		return nil
	}
	return json.Unmarshal(text, answer)
}

// members are the first of the organization's; nil, and false, while the API
// cannot be asked: the rest of the page does not need them.
func (a *app) members(ctx context.Context, user *relyingparty.User) (page struct {
	Items []member `json:"items"`
	Next  string   `json:"next_cursor"`
}, ok bool) {
	if err := a.manage(ctx, user, http.MethodGet, "/members?limit=100", nil, &page); err != nil {
		a.config.Logger.LogAttrs(ctx, slog.LevelWarn, "no list of members", slog.Any("cause", err))
		return page, false
	}
	return page, true
}

// changeOrganization does what the form of the organization's page asks for. Who
// may do it is the API's to say.
func (a *app) changeOrganization(w http.ResponseWriter, r *http.Request) error {
	ctx, user := r.Context(), relyingparty.UserFrom(r.Context())
	account := "/members/" + url.PathEscape(r.PostFormValue("account"))
	to := "/organization"
	var err error
	switch r.PostFormValue("do") {
	case "rename":
		err = a.manage(ctx, user, http.MethodPatch, "", map[string]string{"name": r.PostFormValue("name")}, nil)
		// The session's tokens bear the old name: a sign-in without a question brings new ones.
		to = a.rp.OrganizationURL(user.Organization.ID, to)
	case "role":
		err = a.manage(ctx, user, http.MethodPut, account, map[string]string{"role": r.PostFormValue("role")}, nil)
	case "remove":
		err = a.manage(ctx, user, http.MethodDelete, account, nil, nil)
	default:
		return errNotFound
	}
	var no *refused
	if errors.As(err, &no) && no.Status < http.StatusInternalServerError && no.Detail != "" {
		a.problem(w, r, no.Status, problemPage{
			frame: a.frame(r, "That was not done"), Message: sentence(no.Detail), Next: "/organization", NextLabel: "Go back",
		})
		return nil
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// sentence writes what the API says as one.
func sentence(detail string) string {
	first, size := utf8.DecodeRuneInString(detail)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(detail[size:], ".") + "."
}
