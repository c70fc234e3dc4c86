// Package op is the protocol: OpenID Connect and OAuth 2.0, a file per
// specification. It alone imports zitadel/oidc's provider side, of which it
// uses the types, errors and hashes; the routes are its own (ADR 0003).
//
// It works on sessions and flows and knows no page: what a person must be asked
// is a session.Need, and Pages says where that is asked. It knows no store.
package op

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"signet/internal/account"
	"signet/internal/audit"
	"signet/internal/ciba"
	"signet/internal/client"
	"signet/internal/device"
	"signet/internal/grant"
	"signet/internal/httpd"
	"signet/internal/keys"
	"signet/internal/org"
	"signet/internal/refusal"
	"signet/internal/resource"
	"signet/internal/session"
)

// Pages is what the protocol needs of the pages.
type Pages interface {
	// Address is where a person is asked for what the flow needs.
	Address(need session.Need, flowID string) string
	// Leave sends on a browser that is signed out: to where the request of
	// RP-Initiated Logout leads, or to a page that says so. ended is the session
	// that it had, of which the apps are told on the way, or nil.
	Leave(w http.ResponseWriter, r *http.Request, req *session.Request, ended *session.Session) error
	// ConfirmSignOut is where a person is asked whether to sign out.
	ConfirmSignOut(flowID string) string
	// DevicePath is where people type the code that a device shows, below the
	// issuer.
	DevicePath() string
	// DeviceEnd is where a person is told how the decision about a device ended.
	DeviceEnd(end session.DeviceEnd) string
	// Record notes in the audit log what the client did with the account; pairs
	// are names and values of the detail, which holds no secret.
	Record(r *http.Request, action, clientID, accountID string, pairs ...string) error
	// RecordSignOut notes that the client's request ended the account's session
	// with the public name.
	RecordSignOut(r *http.Request, clientID, accountID, sid string) error
	// AskApproval writes to the person (nil: to nobody, at the same cost) that the
	// client asks for their approval.
	AskApproval(r *http.Request, c *client.Client, asked *ciba.Request, a *account.Account) error
	// FormPost answers with a page that posts the fields to the action.
	FormPost(w http.ResponseWriter, r *http.Request, action string, fields []Field) error
	// Refuse answers a request that must not be answered to the app: the
	// person is told in plain words, the developer the reason.
	Refuse(w http.ResponseWriter, r *http.Request, why Refusal) error
}

// Field is one parameter of an answer, in order.
type Field struct{ Name, Value string }

// Refusal is an authorization or sign-out request that cannot be answered to
// its app.
type Refusal struct {
	Client *client.Client // nil: not known
	Code   string         // an OAuth error code
	Field  string         // the parameter that is to blame: "redirect_uri", or ""
	Reason string         // for the app's developer
}

// Metrics is told how token requests end.
type Metrics interface {
	Token(grantType, outcome string)
}

// Fetcher gets what somebody registered an address for.
type Fetcher interface {
	// Get returns the body at the address, of at most limit bytes, if it is of
	// one of the media types; else a fault of kind Invalid that says why not.
	Get(ctx context.Context, address string, limit int64, types ...string) ([]byte, error)
}

// Outbound calls what somebody registered an address for.
type Outbound interface {
	Fetcher
	// Post sends the form to the address; nil if that answers with 200 or 204,
	// else a fault of kind Invalid that says why not, or of kind Unavailable where
	// too much is under way here.
	Post(ctx context.Context, address string, form url.Values) error
}

// Config is what the protocol is told by the operator.
type Config struct {
	Issuer            string // exact; without a slash at its end, also after a path
	APIPath           string // of the management API, below the issuer
	AccessToken       time.Duration
	DeviceCode        time.Duration // how long a device waits for its owner
	IDToken           time.Duration
	AccessTokenFormat string // jwt or opaque, for clients that ask for none
	AccessTokenAlg    string // likewise
	Algs              []string
	UILocales         []string
	PolicyURI         string
	TermsURI          string
	SignUp            bool   // people can make accounts
	CheckSession      string // address of the page that apps frame to ask about the session
	SubjectSecret     []byte // makes pairwise subjects; must never change
	Registration      Registration
	DPoP              DPoP
	MTLS              MTLS
	ClientIDMetadata  bool // a client_id may be the address of a metadata document
}

// Services are the parts of the house that the protocol works with.
type Services struct {
	Clients       *client.Registry
	Resources     *resource.Registry
	Accounts      *account.Service
	Organizations *org.Service
	Sessions      *session.Service
	Devices       *device.Service
	Grants        *grant.Service
	Keys          *keys.Manager
	Cookies       *httpd.Cookies
	Pages         Pages
	Outbound      Outbound
	Secrets       SecretGuard
	CIBA          *ciba.Service
	Backchannel   BackchannelGuard
	Once          Once
	Metrics       Metrics
	Refusals      *refusal.Service
	Audit         audit.Store
	Now           func() time.Time
}

// Provider answers the protocol's requests.
type Provider struct {
	Services
	cfg       Config
	discovery discoveryDocument
	keyDoc    keyDocument
	mint      minter
	subjects  subjects
	keyring   *keyring
	cross     *httpd.Cross
	nonces    nonces
	verified  *lru.Cache[verifiedToken, *accessClaims]

	house, management *protected
}

// PathMetadata is where OAuth clients look for the metadata of an issuer without
// a path (RFC 8414 §3).
const PathMetadata = "/.well-known/oauth-authorization-server"

// Paths of the endpoints below the issuer.
const (
	pathDiscovery  = "/.well-known/openid-configuration"
	pathKeys       = "/keys"
	pathAuthorize  = "/authorize"
	pathResume     = "/authorize/resume"
	pathPAR        = "/par"
	pathDevice     = "/device_authorization"
	pathAskPerson  = "/bc-authorize"
	pathRegister   = "/register"
	pathToken      = "/token"
	pathUserinfo   = "/userinfo"
	pathIntrospect = "/introspect"
	pathRevoke     = "/revoke"
	pathEndSession = "/end_session"
)

// New returns a provider.
func New(cfg Config, s Services) (*Provider, error) {
	p := &Provider{Services: s, cfg: cfg}
	p.subjects = subjects{cfg.SubjectSecret}
	p.nonces = nonces{cfg.DPoP.Secret}
	p.cross = &httpd.Cross{Knows: s.Clients.KnowsOrigin, Sent: "Authorization, Content-Type, " + headerProof, Read: "WWW-Authenticate, " + headerNonce}
	p.mint = minter{subjects: p.subjects, keys: s.Keys, cfg: cfg, now: s.Now}
	var err error
	if err = p.describeAPIs(); err != nil {
		return nil, err
	}
	if p.keyring, err = newKeyring(s.Outbound, s.Now); err != nil {
		return nil, err
	}
	if p.verified, err = lru.New[verifiedToken, *accessClaims](maxVerified); err != nil {
		return nil, err
	}
	return p, nil
}

// Resume is the address at which a flow goes on.
func Resume(flowID string) string { return pathResume + "?flow=" + flowID }

// Routes are the protocol's.
func (p *Provider) Routes() []httpd.Route {
	return slices.Concat(p.registrationRoutes(), p.protectedRoutes(), []httpd.Route{
		{Method: "GET", Path: pathDiscovery, Kind: httpd.Public, Do: p.serveDiscovery},
		{Method: "GET", Path: PathMetadata, Kind: httpd.Public, Do: p.serveDiscovery},
		{Method: "GET", Path: pathKeys, Kind: httpd.Public, Do: p.serveKeys},
		{Method: "GET", Path: pathAuthorize, Kind: httpd.Redirect, Do: p.authorize},
		{Method: "POST", Path: pathAuthorize, Kind: httpd.Redirect, Do: p.authorize},
		{Method: "GET", Path: pathResume, Kind: httpd.Redirect, Do: p.resume},
		{Method: "POST", Path: pathPAR, Kind: httpd.Protocol, Do: p.cross.Allow(p.push)},
		{Method: "OPTIONS", Path: pathPAR, Kind: httpd.Protocol, Do: p.cross.Preflight("POST")},
		{Method: "POST", Path: pathDevice, Kind: httpd.Protocol, Do: p.deviceAuthorization},
		{Method: "POST", Path: pathAskPerson, Kind: httpd.Protocol, Do: p.askPerson},
		{Method: "POST", Path: pathToken, Kind: httpd.Protocol, Do: p.cross.Allow(p.token)},
		{Method: "OPTIONS", Path: pathToken, Kind: httpd.Protocol, Do: p.cross.Preflight("POST")},
		{Method: "GET", Path: pathUserinfo, Kind: httpd.Protocol, Do: p.cross.Allow(p.userinfo)},
		{Method: "POST", Path: pathUserinfo, Kind: httpd.Protocol, Do: p.cross.Allow(p.userinfo)},
		{Method: "OPTIONS", Path: pathUserinfo, Kind: httpd.Protocol, Do: p.cross.Preflight("GET, POST")},
		{Method: "POST", Path: pathIntrospect, Kind: httpd.Protocol, Do: p.introspect},
		{Method: "POST", Path: pathRevoke, Kind: httpd.Protocol, Do: p.cross.Allow(p.revoke)},
		{Method: "OPTIONS", Path: pathRevoke, Kind: httpd.Protocol, Do: p.cross.Preflight("POST")},
		{Method: "GET", Path: pathEndSession, Kind: httpd.Redirect, Do: p.endSession},
		{Method: "POST", Path: pathEndSession, Kind: httpd.Redirect, Do: p.endSession},
	})
}

// registrationRoutes are those of apps that register themselves; none where
// nobody may.
func (p *Provider) registrationRoutes() []httpd.Route {
	if !p.cfg.Registration.offered() {
		return nil
	}
	const own = pathRegister + "/{client}"
	return []httpd.Route{
		{Method: "POST", Path: pathRegister, Kind: httpd.Protocol, Do: p.register},
		{Method: "GET", Path: own, Kind: httpd.Protocol, Do: p.readClient},
		{Method: "PUT", Path: own, Kind: httpd.Protocol, Do: p.updateClient},
		{Method: "DELETE", Path: own, Kind: httpd.Protocol, Do: p.deleteClient},
	}
}
