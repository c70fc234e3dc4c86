package op

// OpenID Connect Client-Initiated Backchannel Authentication Core 1.0, in the
// modes poll and ping, and FAPI-CIBA: the app names a person, who is asked on a
// page of the house, and the app fetches its tokens when the person has said yes.

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"signet/internal/account"
	"signet/internal/ciba"
	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/session"
)

// BackchannelGuard bounds how often apps turn to a person who did not ask.
type BackchannelGuard interface {
	// Ask returns a fault of kind Limited when the client asked for the person too
	// often. Whether there is such a person makes no difference.
	Ask(ctx context.Context, clientID, person, address string) error
	// Letter reports whether the person may be written to once more.
	Letter(ctx context.Context, person string) (bool, error)
}

// backchannel is what such a request has beside those of the browser.
type backchannel struct {
	message string
	token   string
	life    time.Duration // 0: the house's
}

// backchannelChecks are those of the request, in the order in which errors are
// told.
var backchannelChecks = []check{
	checkLengths, checkOneHint, checkScope, checkOpenID, checkResource, checkOneOrganization, checkDetails, checkHints, checkMessage, checkExpiry, checkNotification,
}

// cibaObject is a signed request (§7.1.1).
var cibaObject = objectKind{
	alg:    func(c *client.Client) string { return c.BackchannelAlg },
	signed: func(*client.Client) bool { return true },
	needs:  []string{"iss", "aud", "exp", "iat", "nbf", "jti"},
}

// askPerson answers the backchannel authentication endpoint (§7).
func (p *Provider) askPerson(w http.ResponseWriter, r *http.Request) error {
	ps, c, oerr := p.fromClient(r)
	if oerr != nil {
		return oerr
	}
	ctx := r.Context()
	d, oerr := p.readBackchannel(ctx, c, ps)
	if oerr != nil {
		return backchannelError(oerr)
	}
	person := personOf(d.req)
	if err := p.Backchannel.Ask(ctx, c.ID, person, infoOf(r).Address); err != nil {
		return err
	}
	a, err := p.hinted(ctx, d.req)
	if err == nil {
		a, err = p.inOrganization(ctx, d.req, a)
	}
	if err != nil {
		return err
	}
	if a == nil && c.Trusted {
		return ruleUnknownPerson.broken("no account that can be used has this hint")
	}
	asked := &ciba.Request{Request: *d.req, Message: d.back.message, Token: d.back.token, IP: infoOf(r).Address}
	if a != nil {
		asked.AccountID, person = a.ID, a.ID // by whichever hint: it is one mailbox
	}
	handle, err := p.CIBA.Begin(ctx, asked, d.back.life)
	if err != nil {
		return err
	}
	write, err := p.Backchannel.Letter(ctx, person)
	if err == nil && write {
		// To nobody, too: what is answered must not take longer for one who exists.
		err = p.Pages.AskApproval(r, c, asked, a)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, struct {
		ID       string `json:"auth_req_id"`
		Expires  int64  `json:"expires_in"` // seconds
		Interval int64  `json:"interval"`   // seconds
	}{handle, int64(asked.ExpiresAt.Sub(asked.CreatedAt) / time.Second), int64(asked.Interval / time.Second)})
}

// readBackchannel reads and checks the request of a client that proved who it is.
func (p *Provider) readBackchannel(ctx context.Context, c *client.Client, ps params) (*draft, *oauthError) {
	var oerr *oauthError
	switch {
	case !c.MayGrant(client.GrantCIBA):
		return nil, ruleGrantTypeRegistered.broken("the client is not registered for the grant_type %s", client.GrantCIBA)
	case ps.has("request"):
		// Nothing beside it counts but what proves who the client is (§7.1.1).
		if ps, oerr = p.unpack(ctx, c, cibaObject, ps.get("request")); oerr != nil {
			return nil, oerr
		}
	case c.Policy().SignedCIBA || c.BackchannelAlg != "":
		return nil, ruleSignedBackchannel.broken("the client must send signed requests (CIBA Core 1.0, section 7.1.1): put all parameters into request")
	}
	for _, name := range credentialNames {
		delete(ps, name)
	}
	ps["client_id"] = []string{c.ID}
	d := &draft{params: ps, client: c, req: &session.Request{ClientID: c.ID, ResponseType: session.TypeCode}, back: &backchannel{}}
	for _, check := range backchannelChecks {
		if oerr := check(p, ctx, d); oerr != nil {
			return nil, oerr
		}
	}
	return d, nil
}

// backchannelError uses the codes of §13, which has one for all that is wrong
// with a request object.
func backchannelError(o *oauthError) *oauthError {
	if o.code == codeInvalidObject || o.code == codeNoRequestObject {
		o.code = codeInvalidRequest
	}
	return pushError(o)
}

// checkOneHint asks for exactly one hint (§7.1).
func checkOneHint(_ *Provider, _ context.Context, d *draft) *oauthError {
	var hints []string
	for _, name := range []string{"login_hint", "id_token_hint", "login_hint_token"} {
		if d.params.has(name) {
			hints = append(hints, name)
		}
	}
	switch {
	case len(hints) != 1:
		return ruleOneHint.broken("send exactly one of login_hint, id_token_hint and login_hint_token, not %d (CIBA Core 1.0, section 7.1)", len(hints))
	case hints[0] == "login_hint_token":
		return ruleOneHint.broken("login_hint_token is not supported; send login_hint or id_token_hint")
	}
	return nil
}

func checkOpenID(_ *Provider, _ context.Context, d *draft) *oauthError {
	if !slices.Contains(d.req.Scopes, "openid") {
		return ruleScope.broken("the scope has no openid, which the client needs and must be registered for (CIBA Core 1.0, section 7.1)")
	}
	return nil
}

// maxMessage bounds what a person compares with what the app shows, in
// characters.
const maxMessage = 140

// checkMessage takes what a person can be shown on one line (§7.1, §13).
func checkMessage(_ *Provider, _ context.Context, d *draft) *oauthError {
	m := d.params.get("binding_message")
	switch {
	case utf8.RuneCountInString(m) > maxMessage:
		return ruleMessage.broken("the binding_message has %d characters; at most %d can be shown", utf8.RuneCountInString(m), maxMessage)
	case !utf8.ValidString(m) || strings.ContainsFunc(m, func(r rune) bool { return !unicode.IsPrint(r) }):
		return ruleMessage.broken("the binding_message has characters that cannot be shown on one line")
	}
	d.back.message = m
	return nil
}

func checkExpiry(_ *Provider, _ context.Context, d *draft) *oauthError {
	raw := d.params.get("requested_expiry")
	if raw == "" {
		return nil
	}
	seconds, err := strconv.Atoi(raw)
	if err != nil || seconds < 1 || seconds > 1<<31 {
		return ruleExpiry.broken("requested_expiry must be a positive number of seconds (CIBA Core 1.0, section 7.1)")
	}
	d.back.life = time.Duration(seconds) * time.Second
	return nil
}

// tokenForm is that of a bearer token (RFC 6750 §2.1).
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9\-._~+/]+=*$`)

// checkNotification asks for the token with which the app is told (§7.1).
func checkNotification(_ *Provider, _ context.Context, d *draft) *oauthError {
	if d.client.DeliveryMode != client.DeliveryPing {
		return nil
	}
	token := d.params.get("client_notification_token")
	if token == "" || len(token) > 1024 || !tokenForm.MatchString(token) {
		return ruleNotification.broken("client_notification_token is missing or no bearer token of at most 1024 characters; the client is registered to be pinged (CIBA Core 1.0, section 7.1)")
	}
	d.back.token = token
	return nil
}

// personOf names the person for whom is asked, as limits count them.
func personOf(req *session.Request) string {
	if req.HintSubject != "" {
		return req.HintSubject
	}
	if _, key, err := account.NormalizeEmail(req.LoginHint); err == nil {
		return key
	}
	return req.LoginHint
}

// hinted returns the account of the request's hint, or nil where there is none
// that can be used.
func (p *Provider) hinted(ctx context.Context, req *session.Request) (*account.Account, error) {
	var a *account.Account
	var err error
	if req.HintSubject != "" {
		a, err = p.Accounts.Get(ctx, req.HintSubject)
	} else {
		a, err = p.Accounts.ByEmail(ctx, req.LoginHint)
	}
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
		return nil, nil
	}
	if err != nil || a.Status != account.Active {
		return nil, err
	}
	return a, nil
}

// fetchApproved gives the tokens of a request that its person approved (§10.1).
func (p *Provider) fetchApproved(r *tokenRequest) (*tokens, error) {
	ctx, c := r.Context(), r.client
	id, oerr := r.params.require("auth_req_id")
	if oerr != nil {
		return nil, oerr
	}
	outcome, asked, err := p.CIBA.Poll(ctx, id, c.ID)
	if err != nil {
		return nil, err
	}
	if outcome != ciba.Granted {
		return nil, outcomeError(outcome)
	}
	infoOf(r.Request).AccountID = asked.AccountID
	yes := asked.Approval
	g := grantFor(&asked.Request, asked.Request.Organization, &session.Session{AccountID: asked.AccountID, AuthTime: yes.AuthTime, ACR: yes.ACR, AMR: yes.AMR}, yes.At)
	g.ID = yes.GrantID
	g.Scopes = c.MayScope(g.Scopes)
	return p.approvedTokens(r, &g)
}

// outcomeError says why there are no tokens (§11). That somebody has not decided
// yet breaks no rule.
func outcomeError(o ciba.Outcome) *oauthError {
	switch o {
	case ciba.Pending:
		return oauth(fault.Invalid, codeAuthorizationPending, "the person has not decided yet; ask again after the interval")
	case ciba.SlowDown:
		return oauth(fault.Invalid, codeSlowDown, "the interval was not kept, and is 5 seconds longer from now on")
	case ciba.Denied:
		return rulePersonDenied.broken("the person refused")
	case ciba.Expired:
		return ruleAuthReqExpired.broken("the request has expired: nobody decided in time")
	default:
		return ruleAuthReqID.broken("the auth_req_id was never given to this client, or was used before")
	}
}
