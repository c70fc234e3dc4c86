package op

// OpenID Connect Core 1.0 §3.1.2.1, RFC 6749 §4.1.1, RFC 7636 §4.3: an
// authorization request is read once, by small checks in a fixed order, into a
// session.Request. The order matters: until the redirect URI has been checked
// nothing may be answered to it.

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/resource"
	"signet/internal/session"
)

// What is kept of a request, in bytes, of one parameter and of all together: a
// stranger's requests are stored until they expire.
const (
	maxParam  = 4 << 10
	maxParams = 8 << 10
)

// draft is a request while it is being read.
type draft struct {
	params  params
	client  *client.Client
	req     *session.Request
	pushing bool         // it is being pushed (RFC 9126)
	pushed  bool         // it was, and has been read and checked then
	back    *backchannel // of a request away from the browser (CIBA); else nil
	refused *oauthError  // what is wrong, and was found before there was an address to tell it to
}

// check is one rule of a request. It fills in what it has read.
type check func(p *Provider, ctx context.Context, d *draft) *oauthError

// addressChecks find out who asks and where the answer goes; when one fails
// the person is told and the app is not.
var addressChecks = []check{checkClient, resolveRequest, checkRedirectURI}

// requestChecks are the rest, in the order in which errors are told.
var requestChecks = []check{
	checkLengths, checkResponseType, checkResponseMode, checkScope, checkNonce, checkPKCE, checkDPoPKey,
	checkPrompt, checkMaxAge, checkClaims, checkResource, checkOrganization, checkDetails, checkHints,
}

func checkClient(p *Provider, ctx context.Context, d *draft) *oauthError {
	id, oerr := d.params.only("client_id")
	if oerr != nil {
		return oerr
	}
	c, err := p.Clients.Get(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return unknownClient(id, err)
	}
	if err != nil {
		return asOAuth(err)
	}
	d.client, d.req.ClientID = c, c.ID
	return nil
}

// unknownClient repeats the id only where it could be one: the page shows it,
// and is no place for a stranger's sentences.
func unknownClient(id string, err error) *oauthError {
	if client.ValidID(id) && client.IsAddress(id) {
		return ruleClientDocument.broken("%s", printableAll(fault.Public(err))).because(err)
	}
	if !client.ValidID(id) {
		return ruleClient.broken("no client is registered with such a client_id: it has characters that none has")
	}
	return ruleClient.broken("no client is registered with the client_id %s", printable(id))
}

func checkRedirectURI(_ *Provider, _ context.Context, d *draft) *oauthError {
	if d.pushed {
		return nil
	}
	uri, oerr := d.params.only("redirect_uri")
	if oerr == nil && !d.client.MayRedirect(uri) {
		oerr = ruleRedirectURI.broken("the redirect_uri %s is not one of the client's registered redirect_uris, which are compared character for character", printable(uri))
	}
	if oerr != nil {
		oerr.Field = "redirect_uri"
		return oerr
	}
	d.req.RedirectURI = uri
	// From here on errors can be answered, in the mode that the response type
	// asks for, as far as it can be read (Multiple Response Types §5).
	d.req.State = d.params.get("state")
	t, _ := session.ParseResponseType(d.params.get("response_type"))
	d.req.ResponseMode = modeOf(t, d.params.get("response_mode"))
	return nil
}

// modeOf is the response mode that is asked for, if it is good for the response
// type, else the type's own (Multiple Response Types §2.1, §5, JARM §2.3).
func modeOf(t session.ResponseType, asked string) string {
	mode := session.ModeQuery
	if t.FrontChannel() {
		mode = session.ModeFragment
	}
	if !slices.Contains(session.ResponseModes, asked) {
		return mode
	}
	way, signed := session.SplitMode(asked)
	if way == session.ModeFragment || way == session.ModeFormPost {
		mode = way
	}
	if signed {
		mode += "." + session.SignedMode
	}
	return mode
}

func checkLengths(_ *Provider, _ context.Context, d *draft) *oauthError { return d.params.fit() }

// fit refuses parameters of which more would be kept than may be. A hint is read
// and not kept: an ID token is as long as what it tells.
func (p params) fit() *oauthError {
	all := 0
	for name, values := range p {
		if name == "id_token_hint" {
			continue
		}
		for _, v := range values {
			if len(v) > maxParam {
				return ruleSize.broken("the parameter %s has %d bytes; at most %d are kept", printable(name), len(v), maxParam)
			}
			all += len(v)
		}
	}
	if all > maxParams {
		return ruleSize.broken("the parameters have %d bytes together; at most %d are kept", all, maxParams)
	}
	return nil
}

func checkResponseType(_ *Provider, _ context.Context, d *draft) *oauthError {
	raw, oerr := d.params.require("response_type")
	if oerr != nil {
		return oerr
	}
	t, ok := session.ParseResponseType(raw)
	if !ok || !slices.Contains(client.ResponseTypesAll(), t.String()) {
		return ruleResponseType.broken("the response_type %s is not one of %s", printable(raw), strings.Join(client.ResponseTypesAll(), ", "))
	}
	if !slices.Contains(d.client.ResponseTypes, t.String()) {
		return ruleResponseTypeRegistered.broken("the client is not registered for the response_type %s", t)
	}
	d.req.ResponseType = t
	return nil
}

// checkResponseMode refuses what modeOf did not take.
func checkResponseMode(_ *Provider, _ context.Context, d *draft) *oauthError {
	mode := d.params.get("response_mode")
	way, _ := session.SplitMode(mode)
	switch {
	case mode != "" && !slices.Contains(session.ResponseModes, mode):
		return ruleResponseMode.broken("the response_mode %s is not one of %s", printable(mode), strings.Join(session.ResponseModes, ", "))
	case way == session.ModeQuery && d.req.ResponseType.FrontChannel():
		return ruleResponseMode.broken("response_mode=%s would put tokens into an address; use fragment or form_post", mode)
	}
	return nil
}

// isOperating reports whether the scope is none that a person can allow.
func isOperating(scope string) bool { return slices.Contains(resource.Operating, scope) }

func checkScope(_ *Provider, _ context.Context, d *draft) *oauthError {
	asked := d.params.list("scope")
	scopes := slices.DeleteFunc(d.client.MayScope(asked), isOperating)
	if !d.client.MayGrant(client.GrantRefresh) || !d.req.ResponseType.Has(session.TypeCode) {
		// OpenID Connect Core §11: offline_access is ignored where there is no
		// refresh token to be had.
		scopes = slices.DeleteFunc(scopes, func(s string) bool { return s == "offline_access" })
	}
	if len(scopes) == 0 {
		return ruleScope.broken("none of the scopes asked for (%s) is registered for the client; its scopes are %s",
			printable(strings.Join(asked, " ")), printable(strings.Join(d.client.Scopes, " ")))
	}
	if d.req.ResponseType.Has(session.TypeIDToken) && !slices.Contains(scopes, "openid") {
		return ruleScope.broken("the response_type %s asks for an ID token, which needs the scope openid", d.req.ResponseType)
	}
	d.req.Scopes = scopes
	return nil
}

// checkNonce asks for the nonce where an ID token passes through the browser:
// nothing else binds it to the app's session (OpenID Connect Core §3.2.2.1,
// §3.3.2.11).
func checkNonce(_ *Provider, _ context.Context, d *draft) *oauthError {
	d.req.Nonce = d.params.get("nonce")
	if d.req.Nonce == "" && d.req.ResponseType.Has(session.TypeIDToken) {
		return ruleNonce.broken("the parameter nonce is missing, which the response_type %s needs (OpenID Connect Core, section 3.2.2.1)", d.req.ResponseType)
	}
	return nil
}

func checkPKCE(_ *Provider, _ context.Context, d *draft) *oauthError {
	challenge, method := d.params.get("code_challenge"), d.params.get("code_challenge_method")
	switch {
	case !d.req.ResponseType.Has(session.TypeCode):
		return nil // there is no code to protect
	case challenge == "" && method == "" && !d.client.Public() && !d.client.Policy().PKCE:
		return nil
	case challenge == "":
		return rulePKCE.broken("the parameter code_challenge is missing; a public client, and one of profile %s, must use PKCE (RFC 7636)", client.ProfileFAPI2)
	case method != "S256":
		return rulePKCE.broken("code_challenge_method must be S256")
	case !handle.Valid(challenge):
		return rulePKCE.broken("code_challenge must be the 43 characters of a base64url SHA-256")
	}
	d.req.CodeChallenge = challenge
	return nil
}

func checkPrompt(_ *Provider, _ context.Context, d *draft) *oauthError {
	d.req.Prompt = d.params.list("prompt")
	if d.req.Prompts(session.PromptNone) && len(d.req.Prompt) > 1 {
		return rulePrompt.broken("prompt=none excludes every other prompt")
	}
	return nil
}

func checkMaxAge(_ *Provider, _ context.Context, d *draft) *oauthError {
	raw := d.params.get("max_age")
	if raw == "" {
		if d.client.DefaultMaxAge > 0 {
			d.req.MaxAge = &d.client.DefaultMaxAge
		}
		return nil
	}
	seconds, err := strconv.Atoi(raw)
	if err != nil || seconds < 0 || seconds > 1<<31 {
		return ruleMaxAge.broken("max_age must be a number of seconds, 0 or more")
	}
	d.req.MaxAge = &seconds
	return nil
}

func checkHints(p *Provider, ctx context.Context, d *draft) *oauthError {
	r := d.req
	r.LoginHint, r.Connection = d.params.get("login_hint"), d.params.get("connection")
	if r.Connection != "" && uuid.Validate(r.Connection) != nil {
		return ruleConnection.broken("the connection %s is no id of one", printable(r.Connection))
	}
	r.UILocales, r.ClaimsLocales = d.params.get("ui_locales"), d.params.get("claims_locales")
	r.Display = d.params.get("display")
	if len(r.ACRValues) == 0 { // claims goes before
		r.ACRValues = d.params.list("acr_values")
	}
	if len(r.ACRValues) == 0 {
		r.ACRValues = d.client.DefaultACRValues
	}
	if hint := d.params.get("id_token_hint"); hint != "" {
		claims, err := p.verifyHint(ctx, hint, d.client.ID)
		if err != nil {
			return ruleHint.broken("the id_token_hint is not an ID token that was issued here to this client").because(err)
		}
		if r.HintSubject != "" && r.HintSubject != claims.Subject {
			return ruleHint.broken("the id_token_hint names another person than the sub that claims asks for")
		}
		r.HintSubject = claims.Subject
	}
	return nil
}
