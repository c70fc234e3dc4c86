package op

// RFC 8628: devices without a keyboard. The device asks here, shows a code, and
// asks the token endpoint again and again; meanwhile its owner types the code on
// a page of ours, which makes the request a flow like any other.

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"signet/internal/client"
	"signet/internal/device"
	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/session"
)

// deviceChecks are those of requestChecks that are about what is asked for, and
// not about the browser that asks: there is none.
var deviceChecks = []check{checkLengths, checkScope, checkMaxAge, checkClaims, checkResource, checkOrganization, checkDetails, checkHints}

// deviceAnswer is the answer to a device (§3.2).
type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	ExpiresIn  int64  `json:"expires_in"` // seconds
	Interval   int64  `json:"interval"`   // likewise
}

// deviceAuthorization reads and checks what a device asks for, and keeps it
// (§3.1).
func (p *Provider) deviceAuthorization(w http.ResponseWriter, r *http.Request) error {
	ps, oerr := formParams(r)
	if oerr != nil {
		return oerr
	}
	c, oerr := p.authenticate(r, ps)
	if oerr != nil {
		return oerr
	}
	for _, name := range credentialNames {
		delete(ps, name)
	}
	switch {
	case !c.MayGrant(client.GrantDevice):
		return ruleGrantTypeRegistered.broken("the client is not registered for the grant_type %s", client.GrantDevice)
	case ps.has("request") || ps.has("request_uri"):
		return ruleOneRequest.broken("a device sends its parameters as they are: request and request_uri are not read here")
	}
	// What is granted is what a code would be exchanged for.
	d := &draft{params: ps, client: c, req: &session.Request{ClientID: c.ID, ResponseType: session.TypeCode}}
	for _, check := range deviceChecks {
		if oerr := check(p, r.Context(), d); oerr != nil {
			return pushError(oerr)
		}
	}
	codes, err := p.Devices.Ask(r.Context(), infoOf(r).Address, d.req)
	if err != nil {
		return err
	}
	page := p.cfg.Issuer + p.Pages.DevicePath()
	body, err := json.Marshal(deviceAnswer{
		DeviceCode: codes.Device, UserCode: codes.User, URI: page, Complete: page + "?user_code=" + url.QueryEscape(codes.User),
		ExpiresIn: int64(codes.Life / time.Second), Interval: int64(codes.Interval / time.Second),
	})
	if err != nil {
		return err
	}
	w.Header()["Content-Type"] = jsonType
	w.Write(body)
	return nil
}

// deviceError is what a device is told that gets no tokens (§3.5). That it must
// wait is no fault of the request, and is not kept for explanation.
func deviceError(err error) error {
	switch {
	case errors.Is(err, device.ErrPending):
		return oauth(fault.Invalid, codeAuthorizationPending, "the person has not decided yet; ask again after the interval")
	case errors.Is(err, device.ErrSlowDown):
		return oauth(fault.Invalid, codeSlowDown, "asked too soon; wait 5 seconds longer between two questions from now on")
	case errors.Is(err, device.ErrRefused):
		return ruleDeviceRefused.broken("the person refused")
	case errors.Is(err, device.ErrExpired):
		return ruleDeviceExpired.broken("the device_code has expired; ask for a new one")
	case errors.Is(err, device.ErrUnknown):
		return ruleDeviceCode.broken("the device_code was used before, is of another client, or was never given out")
	}
	return err
}

// deviceTokens gives the device its tokens once its owner has allowed it (§3.4).
func (p *Provider) deviceTokens(r *tokenRequest) (*tokens, error) {
	c := r.client
	raw, oerr := r.params.require("device_code")
	if oerr != nil {
		return nil, oerr
	}
	ctx := r.Context()
	g, err := p.Devices.Poll(ctx, raw, c.ID)
	if err != nil {
		return nil, deviceError(err)
	}
	infoOf(r.Request).AccountID = g.AccountID
	return p.approvedTokens(r, g)
}

// approvedTokens are those of a grant that lives since a person allowed it on a page
// of ours, away from the app. It ends with all else that they granted: then there is
// nothing to fetch, though the code or the request is good.
func (p *Provider) approvedTokens(r *tokenRequest, g *grant.Grant) (*tokens, error) {
	ctx := r.Context()
	out, err := p.tokensOf(r, g, g.Scopes, "")
	if err != nil {
		return nil, err
	}
	living, err := p.Grants.Grant(ctx, g.ID, nil)
	if err != nil {
		return nil, err
	}
	if living == nil {
		return nil, ruleGrantEnded.broken("what the person allowed was ended since")
	}
	err = p.Grants.Live(ctx, g, out.token, out.opaque)
	if fault.Is(err, fault.Expired) {
		return nil, ruleGrantEnded.broken("%s", fault.Public(err)).because(err)
	}
	if err != nil {
		return nil, err
	}
	if slices.Contains(g.Scopes, "offline_access") && r.client.MayGrant(client.GrantRefresh) {
		if out.answer.RefreshToken, err = p.Grants.StartFamily(ctx, *g, r.keptTo()); err != nil {
			return nil, err
		}
	}
	return out.answer, nil
}

// grantDevice lets the device have what its owner allowed it. The grant lives
// from here on, so that whatever ends what the account granted ends it before
// the device has come for it.
func (p *Provider) grantDevice(w http.ResponseWriter, r *http.Request, f *session.Flow, sess *session.Session) error {
	ctx, req := r.Context(), &f.Request
	g := grantFor(req, f.Progress.Organization, sess, p.Now())
	// It outlives the browser's session, and signing out there does not end it.
	g.ID, g.SID = grant.NewID(), ""
	if err := p.Grants.Begin(ctx, &g, p.cfg.DeviceCode+p.cfg.AccessToken, "", nil); err != nil {
		return err
	}
	err := p.Devices.Approve(ctx, req.Device.Key, &g)
	if err == nil {
		var lives bool
		if lives, err = p.Sessions.Lives(ctx, sess); err == nil && !lives {
			err = fault.New(fault.Expired, "the session ended while the device was allowed")
		}
	}
	if err == nil {
		redirect(w, p.Pages.DeviceEnd(session.DeviceApproved))
		return nil
	}
	if err := p.Grants.Revoke(ctx, g.ID); err != nil {
		return err
	}
	return p.deviceOver(w, r, err)
}

// refuseDevice tells the device that it gets nothing, and its owner that so it
// was decided.
func (p *Provider) refuseDevice(w http.ResponseWriter, r *http.Request, req *session.Request) error {
	if err := p.Devices.Refuse(r.Context(), req.Device.Key); err != nil {
		return p.deviceOver(w, r, err)
	}
	redirect(w, p.Pages.DeviceEnd(session.DeviceRefused))
	return nil
}

// deviceOver says that the device does not wait any more, if that is what is
// wrong.
func (p *Provider) deviceOver(w http.ResponseWriter, r *http.Request, err error) error {
	if !fault.Is(err, fault.Expired) {
		return err
	}
	info := infoOf(r)
	info.Kind, info.Cause = fault.Expired, err
	redirect(w, p.Pages.DeviceEnd(session.DeviceOver))
	return nil
}
