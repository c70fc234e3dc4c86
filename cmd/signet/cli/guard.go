package cli

import (
	"context"
	"net/netip"
	"time"

	"signet/config"
	"signet/internal/challenge"
	"signet/internal/client"
	"signet/internal/device"
	"signet/internal/fault"
	"signet/internal/limit"
	"signet/internal/op"
	"signet/internal/outbound"
	"signet/internal/refusal"
	"signet/internal/session"
	"signet/internal/store/kv"
	"signet/internal/web"
)

// ruleOf is the limit of a journey as the settings have it.
func ruleOf(journey string, r config.Rate) limit.Rule {
	return limit.Rule{Journey: journey, Max: int64(r.Count), Window: r.Window}
}

// guard implements account.Guard with limits of the configuration.
type guard struct {
	limiter          *limit.Limiter
	account, network limit.Rule
	both             limit.Rule // at one account from one network; the zero Rule: none
	v4, v6           int        // lengths of the blocks that count as one visitor
}

// guard bounds how often the journey is tried: at one account, and from one
// network.
func (h *house) guard(journey string, account, network config.Rate) guard {
	l := h.cfg.Limits
	return guard{
		limiter: limit.New(kv.NewCounters(h.kv), l.Exempt, time.Now),
		account: limit.Rule{Journey: journey + ", account", Max: int64(account.Count), Window: account.Window},
		network: limit.Rule{Journey: journey + ", network", Max: int64(network.Count), Window: network.Window},
		v4:      l.IPv4Prefix, v6: l.IPv6Prefix,
	}
}

// Guess implements account.Guard. An address that cannot be read shares its
// budget with all others like it; a known browser has one of its own.
func (g guard) Guess(ctx context.Context, emailKey, browser, ip string) (func(context.Context) error, error) {
	from, _ := netip.ParseAddr(ip)
	account, network := emailKey+"\x00"+browser, limit.Address(from, g.v4, g.v6)
	pass, err := g.limiter.Take(ctx, from, limit.Try{Rule: g.account, Who: account}, limit.Try{Rule: g.network, Who: network},
		limit.Try{Rule: g.both, Who: account + "\x00" + network})
	if err != nil {
		return nil, err
	}
	if !pass.OK {
		return nil, fault.New(fault.Limited, "Too many tries. Please wait %d minutes.", int(pass.RetryAfter.Minutes())+1)
	}
	return func(ctx context.Context) error { return g.limiter.Refund(ctx, &pass) }, nil
}

// codeGuard bounds how often a code to reset a password is mailed: to one
// address, from one network, and to the one from the other, so that a stranger
// alone does not use up what the address gets.
func (h *house) codeGuard() guard {
	g := h.guard("recovery", h.cfg.Limits.RecoveryAccount, h.cfg.Limits.RecoveryNetwork)
	g.both = ruleOf("recovery, account and network", h.cfg.Limits.MailsNetwork)
	return g
}

// flowGate bounds how many sign-ins are begun from one network: each is stored
// until it expires.
func (h *house) flowGate() session.Gate {
	l := h.cfg.Limits
	limiter := limit.New(kv.NewCounters(h.kv), l.Exempt, time.Now)
	rule := ruleOf("flow, network", l.FlowNetwork)
	return func(ctx context.Context, ip string) error {
		from, _ := netip.ParseAddr(ip)
		ok, _, err := limiter.Allow(ctx, rule, from, limit.Address(from, l.IPv4Prefix, l.IPv6Prefix))
		if err == nil && !ok {
			err = fault.New(fault.Limited, "Too many sign-ins were begun from this network. Please wait a few minutes.")
		}
		return err
	}
}

// logoutGate bounds how many logout tokens are looked at for one connection, from one
// network: a signature costs something, whoever made it.
func (h *house) logoutGate() web.LogoutGate {
	l := h.cfg.Limits
	limiter := limit.New(kv.NewCounters(h.kv), l.Exempt, time.Now)
	rule := ruleOf("logout, connection and network", l.ProviderLogout)
	return func(ctx context.Context, connectionID, ip string) error {
		from, _ := netip.ParseAddr(ip)
		ok, _, err := limiter.Allow(ctx, rule, from, connectionID+"\x00"+limit.Address(from, l.IPv4Prefix, l.IPv6Prefix))
		if err == nil && !ok {
			err = fault.New(fault.Limited, "too many logout tokens came from this network; wait a minute")
		}
		return err
	}
}

// refusalGate bounds how many refusals are kept: from one network, so that one
// who sends nonsense takes no room from others, and from all.
func (h *house) refusalGate() refusal.Gate {
	l := h.cfg.Limits
	limiter := limit.New(kv.NewCounters(h.kv), l.Exempt, time.Now)
	network, all := ruleOf("refusal, network", l.RefusalsNetwork), ruleOf("refusal", l.Refusals)
	return func(ctx context.Context, ip string) (bool, error) {
		from, _ := netip.ParseAddr(ip)
		pass, err := limiter.Take(ctx, from,
			limit.Try{Rule: network, Who: limit.Address(from, l.IPv4Prefix, l.IPv6Prefix)}, limit.Try{Rule: all})
		return pass.OK && err == nil, err
	}
}

// challengeGuard implements challenge.Guard with the limits of the configuration.
type challengeGuard struct {
	limiter                    *limit.Limiter
	asks, other, flow, network limit.Rule
	v4, v6                     int
}

// challengeGuard bounds how many puzzles are made and how many answers are
// looked at. A right answer counts like a wrong one: a machine that solves
// every puzzle is bounded, too.
func (h *house) challengeGuard() challengeGuard {
	l := h.cfg.Limits
	return challengeGuard{
		limiter: limit.New(kv.NewCounters(h.kv), l.Exempt, time.Now),
		asks:    ruleOf("challenge, asked", l.ChallengeAsked),
		other:   ruleOf("challenge, other", l.ChallengeOther),
		flow:    ruleOf("challenge, flow", l.ChallengeFlow),
		network: ruleOf("challenge, network", l.ChallengeNetwork),
		v4:      l.IPv4Prefix, v6: l.IPv6Prefix,
	}
}

// Ask implements challenge.Guard.
func (g challengeGuard) Ask(ctx context.Context, v challenge.Visit, other bool) error {
	from, _ := netip.ParseAddr(v.IP)
	tries := []limit.Try{{Rule: g.asks, Who: limit.Address(from, g.v4, g.v6)}}
	if other {
		tries = append(tries, limit.Try{Rule: g.other, Who: limit.Address(from, g.v4, g.v6)})
	}
	return g.take(ctx, from, tries...)
}

// Answer implements challenge.Guard.
func (g challengeGuard) Answer(ctx context.Context, v challenge.Visit) error {
	from, _ := netip.ParseAddr(v.IP)
	return g.take(ctx, from, limit.Try{Rule: g.flow, Who: v.Flow},
		limit.Try{Rule: g.network, Who: limit.Address(from, g.v4, g.v6)})
}

func (g challengeGuard) take(ctx context.Context, from netip.Addr, tries ...limit.Try) error {
	pass, err := g.limiter.Take(ctx, from, tries...)
	if err == nil && !pass.OK {
		err = fault.New(fault.Limited, "Too many tries. Please wait %d minutes.", int(pass.RetryAfter.Minutes())+1)
	}
	return err
}

// deviceGuard implements device.Guard with the limits of the configuration.
type deviceGuard struct {
	limiter          *limit.Limiter
	person, browser  limit.Rule
	network, area    limit.Rule
	everyone, people limit.Rule
	v4, v6           int
}

// An area is what one stranger can have of the network without being many: a host
// gets a /48 of IPv6, or a /24 of IPv4, for little. It takes at most a part of
// what there is for everybody.
const (
	areaV4, areaV6 = 24, 48
	areaPart       = 10
)

func (h *house) deviceGuard() deviceGuard {
	l := h.cfg.Limits
	g := deviceGuard{
		limiter:  limit.New(kv.NewCounters(h.kv), l.Exempt, time.Now),
		person:   ruleOf("device code, person", l.DeviceBrowser),
		browser:  ruleOf("device code, browser", l.DeviceBrowser),
		network:  ruleOf("device code, network", l.DeviceNetwork),
		area:     ruleOf("device code, area", l.DeviceEveryone),
		everyone: ruleOf("device code, everyone", l.DeviceEveryone),
		people:   ruleOf("device code, everyone who is signed in", l.DeviceEveryone),
		v4:       l.IPv4Prefix, v6: l.IPv6Prefix,
	}
	g.area.Max = (g.area.Max + areaPart - 1) / areaPart
	return g
}

// Guess implements device.Guard. Who brings no cookie is counted by the network
// alone. People who are signed in have a budget of their own: strangers, who need
// nothing but addresses, cannot use it up.
func (g deviceGuard) Guess(ctx context.Context, who device.Typist) (func(context.Context) error, error) {
	from, _ := netip.ParseAddr(who.Address)
	tries := []limit.Try{{Rule: g.network, Who: limit.Address(from, g.v4, g.v6)}}
	switch {
	case who.AccountID != "":
		tries = append(tries, limit.Try{Rule: g.person, Who: who.AccountID}, limit.Try{Rule: g.people})
	case who.Browser != "":
		tries = append(tries, limit.Try{Rule: g.browser, Who: who.Browser})
	}
	if who.AccountID == "" {
		tries = append(tries, limit.Try{Rule: g.area, Who: limit.Address(from, areaV4, areaV6)}, limit.Try{Rule: g.everyone})
	}
	pass, err := g.limiter.Take(ctx, from, tries...)
	if err != nil {
		return nil, err
	}
	if !pass.OK && (pass.Refused == g.everyone || pass.Refused == g.area) {
		return nil, device.ErrCrowded
	}
	if !pass.OK {
		return nil, fault.New(fault.Limited, "Too many wrong codes. Please wait %d minutes.", int(pass.RetryAfter.Minutes())+1)
	}
	return func(ctx context.Context) error { return g.limiter.Refund(ctx, &pass) }, nil
}

// pingAddress is where an app is told that a person has decided; "" where it is
// not registered for that any more.
func (h *house) pingAddress(ctx context.Context, clientID string) (string, error) {
	c, err := h.clients.Get(ctx, clientID)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil || c.DeliveryMode != client.DeliveryPing {
		return "", err
	}
	return c.NotificationURI, nil
}

// backchannelGuard implements op.BackchannelGuard with the limits of the
// configuration.
type backchannelGuard struct {
	limiter, letters  *limit.Limiter
	asks, all, writes limit.Rule
}

func (h *house) backchannelGuard() backchannelGuard {
	l, counters := h.cfg.Limits, kv.NewCounters(h.kv)
	return backchannelGuard{
		limiter: limit.New(counters, l.Exempt, time.Now), asks: ruleOf("backchannel", l.Backchannel), all: ruleOf("backchannel, client", l.BackchannelClient),
		letters: limit.New(counters, nil, time.Now), writes: ruleOf("backchannel letter", l.BackchannelLetters),
	}
}

// Ask implements op.BackchannelGuard.
func (g backchannelGuard) Ask(ctx context.Context, clientID, person, ip string) error {
	from, _ := netip.ParseAddr(ip)
	pass, err := g.limiter.Take(ctx, from, limit.Try{Rule: g.asks, Who: clientID + "\x00" + person}, limit.Try{Rule: g.all, Who: clientID})
	if err == nil && !pass.OK {
		err = fault.New(fault.Limited, "this person, or all together, were asked too often; wait %d minutes", int(pass.RetryAfter.Minutes())+1)
	}
	return err
}

// Letter implements op.BackchannelGuard.
func (g backchannelGuard) Letter(ctx context.Context, person string) (bool, error) {
	ok, _, err := g.letters.Allow(ctx, g.writes, netip.Addr{}, person)
	return ok, err
}

// signUpGate implements account.SignUpGuard with the limits of the configuration.
type signUpGate struct {
	limiter                  *limit.Limiter
	passwords, letters, code limit.Rule
	mails                    limit.Rule // letters to one address from one network
	v4, v6                   int
}

func (h *house) signUpGate() signUpGate {
	l := h.cfg.Limits
	return signUpGate{
		limiter:   limit.New(kv.NewCounters(h.kv), l.Exempt, time.Now),
		passwords: ruleOf("sign-up password, network", l.SignUpPassword),
		letters:   ruleOf("sign-up, network", l.SignUpNetwork),
		mails:     ruleOf("sign-up, address and network", l.MailsNetwork),
		code:      ruleOf("sign-up code, network", l.SignUpCode),
		v4:        l.IPv4Prefix, v6: l.IPv6Prefix,
	}
}

// Password implements account.SignUpGuard.
func (g signUpGate) Password(ctx context.Context, ip string) error {
	return g.allow(ctx, ip, "", g.passwords)
}

// Letter implements account.SignUpGuard.
func (g signUpGate) Letter(ctx context.Context, ip, emailKey string) error {
	return g.allow(ctx, ip, emailKey, g.letters)
}

// Code implements account.SignUpGuard.
func (g signUpGate) Code(ctx context.Context, ip string) error { return g.allow(ctx, ip, "", g.code) }

// allow counts one try under the network's rule and, where there is an address
// that a letter goes to, under that of both.
func (g signUpGate) allow(ctx context.Context, ip, emailKey string, rule limit.Rule) error {
	from, _ := netip.ParseAddr(ip)
	network := limit.Address(from, g.v4, g.v6)
	tries := []limit.Try{{Rule: rule, Who: network}}
	if emailKey != "" {
		tries = append(tries, limit.Try{Rule: g.mails, Who: emailKey + "\x00" + network})
	}
	pass, err := g.limiter.Take(ctx, from, tries...)
	if err == nil && !pass.OK {
		err = fault.New(fault.Limited, "Too many tries from this network. Please wait %d minutes.", int(pass.RetryAfter.Minutes())+1)
	}
	return err
}

// registration is who may register an app, bounded by network: what is
// registered stays.
func (h *house) registration() op.Registration {
	c, l := h.cfg.Registration, h.cfg.Limits
	limiter := limit.New(kv.NewCounters(h.kv), l.Exempt, time.Now)
	rule := ruleOf("registration, network", l.Registration)
	out := op.Registration{Open: c.Mode == config.RegistrationOpen, Scopes: c.Scopes, Statements: op.Statements{
		Issuer: c.StatementIssuer, JWKS: client.KeySet(c.StatementJWKS), JWKSURI: c.StatementJWKSURI, Required: c.StatementRequired,
	}}
	if c.Mode == config.RegistrationToken {
		out.Token = c.Token.Reveal()
	}
	out.Gate = func(ctx context.Context, ip string) error {
		from, _ := netip.ParseAddr(ip)
		ok, wait, err := limiter.Allow(ctx, rule, from, limit.Address(from, l.IPv4Prefix, l.IPv6Prefix))
		if err == nil && !ok {
			err = fault.New(fault.Limited, "too many apps were registered or changed from this network; wait %d minutes", int(wait.Minutes())+1)
		}
		return err
	}
	return out
}

// documents are the clients that nobody registered, bounded by the host that is
// asked for their documents.
func (h *house) documents(out *outbound.Client) *client.Documents {
	c, l := h.cfg.Registration, h.cfg.Limits
	limiter := limit.New(kv.NewCounters(h.kv), l.Exempt, time.Now)
	rule := ruleOf("metadata documents, host", l.DocumentHost)
	return client.NewDocuments(client.DocumentRules{
		On: c.ClientIDMetadata == config.RegistrationOn, Hosts: c.ClientIDMetadataHosts, HTTP: h.cfg.Outbound.AllowPrivate,
		Scopes: c.Scopes, Rules: h.clientRules(),
		Fetch: func(ctx context.Context, address string, limit int64) ([]byte, time.Duration, error) {
			r, err := out.Fetch(ctx, address, limit, "application/json", "application/*+json")
			if err != nil {
				return nil, 0, err
			}
			return r.Body, r.Age, nil
		},
		Gate: func(ctx context.Context, host string) error {
			ok, _, err := limiter.Allow(ctx, rule, netip.Addr{}, host)
			if err == nil && !ok {
				err = fault.New(fault.Limited, "too many addresses of %s were asked for; wait a minute", host)
			}
			return err
		},
	}, time.Now)
}
