package op

// OpenID Connect Discovery 1.0 and RFC 8414 (OAuth 2.0 Authorization Server
// Metadata): one document, rendered once, at both addresses.

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/text/language"

	"signet/internal/client"
	"signet/internal/httpd"
	"signet/internal/keys"
	"signet/internal/resource"
	"signet/internal/session"
)

// metadata is what the library's type does not name.
type metadata struct {
	*oidc.DiscoveryConfiguration
	// Front-Channel Logout 1.0 §3; for Back-Channel Logout the library has names.
	FrontchannelLogout  bool `json:"frontchannel_logout_supported"`
	FrontchannelSession bool `json:"frontchannel_logout_session_supported"`
	IssParameter        bool `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	// JARM §4, RFC 9701 §7
	AnswerAlgs           []string `json:"authorization_signing_alg_values_supported"`
	AnswerEncAlgs        []string `json:"authorization_encryption_alg_values_supported"`
	AnswerEncs           []string `json:"authorization_encryption_enc_values_supported"`
	IntrospectionAlgs    []string `json:"introspection_signing_alg_values_supported"`
	IntrospectionEncAlgs []string `json:"introspection_encryption_alg_values_supported"`
	IntrospectionEncs    []string `json:"introspection_encryption_enc_values_supported"`
	ProtectedResources   []string `json:"protected_resources"`                   // RFC 9728 §4
	PAREndpoint          string   `json:"pushed_authorization_request_endpoint"` // RFC 9126 §5
	DPoPAlgs             []string `json:"dpop_signing_alg_values_supported"`     // RFC 9449 §5.1
	ClientIDMetadata     bool     `json:"client_id_metadata_document_supported,omitempty"`
	DetailTypes          []string `json:"authorization_details_types_supported,omitempty"`      // RFC 9396 §10
	CertificateBound     bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"` // RFC 8705 §3.3

	Aliases map[string]string `json:"mtls_endpoint_aliases,omitempty"` // RFC 8705 §5
	// CIBA Core 1.0 §4
	BackchannelEndpoint string   `json:"backchannel_authentication_endpoint"`
	DeliveryModes       []string `json:"backchannel_token_delivery_modes_supported"`
	BackchannelAlgs     []string `json:"backchannel_authentication_request_signing_alg_values_supported"`
	UserCode            bool     `json:"backchannel_user_code_parameter_supported"`
	// Prompt values (Initiating User Registration 1.0 §4).
	Prompts []string `json:"prompt_values_supported"`
}

// describe says exactly what this provider does.
func (p *Provider) describe(types []*resource.Type) *metadata {
	at := func(path string) string { return p.cfg.Issuer + path }
	prompts := []string{session.PromptNone, session.PromptLogin, session.PromptConsent, session.PromptSelect}
	if p.cfg.SignUp {
		prompts = append(prompts, session.PromptCreate)
	}
	return &metadata{
		DiscoveryConfiguration: p.configuration(at),

		AnswerAlgs: p.cfg.Algs, AnswerEncAlgs: client.KeyAlgs, AnswerEncs: client.ContentEncs,
		IntrospectionAlgs: p.cfg.Algs, IntrospectionEncAlgs: client.KeyAlgs, IntrospectionEncs: client.ContentEncs,
		FrontchannelLogout: true, FrontchannelSession: true,
		IssParameter: true, ProtectedResources: []string{p.house.id, p.management.id},
		PAREndpoint: at(pathPAR), ClientIDMetadata: p.cfg.ClientIDMetadata,
		DPoPAlgs: keys.Algorithms, CertificateBound: p.cfg.MTLS.Asked, Aliases: p.aliases(),
		DetailTypes: detailTypes(types),
		Prompts:     prompts,

		BackchannelEndpoint: at(pathAskPerson), DeliveryModes: client.DeliveryModes, BackchannelAlgs: keys.Algorithms,
	}
}

// configuration is what of it the library has fields for. Those without a value are
// left out of the JSON, but for those whose absence means "true".
func (p *Provider) configuration(at func(path string) string) *oidc.DiscoveryConfiguration {
	methods := authMethodsOf(p.methods())
	confidential := methods[:len(methods)-1] // all but none, which comes last
	register := ""
	if p.cfg.Registration.offered() {
		register = at(pathRegister)
	}
	return &oidc.DiscoveryConfiguration{
		Issuer:                                             p.cfg.Issuer,
		AuthorizationEndpoint:                              at(pathAuthorize),
		TokenEndpoint:                                      at(pathToken),
		UserinfoEndpoint:                                   at(pathUserinfo),
		IntrospectionEndpoint:                              at(pathIntrospect),
		RevocationEndpoint:                                 at(pathRevoke),
		EndSessionEndpoint:                                 at(pathEndSession),
		RegistrationEndpoint:                               register,
		DeviceAuthorizationEndpoint:                        at(pathDevice), // RFC 8628 §4
		JwksURI:                                            at(pathKeys),
		ScopesSupported:                                    resource.House,
		ResponseTypesSupported:                             client.ResponseTypesAll(),
		ResponseModesSupported:                             session.ResponseModes,
		GrantTypesSupported:                                grantTypes(),
		ACRValuesSupported:                                 session.ACRs(),
		SubjectTypesSupported:                              client.SubjectTypes,
		IDTokenSigningAlgValuesSupported:                   p.cfg.Algs,
		IDTokenEncryptionAlgValuesSupported:                client.KeyAlgs,
		IDTokenEncryptionEncValuesSupported:                client.ContentEncs,
		UserinfoSigningAlgValuesSupported:                  p.cfg.Algs,
		UserinfoEncryptionAlgValuesSupported:               client.KeyAlgs,
		UserinfoEncryptionEncValuesSupported:               client.ContentEncs,
		TokenEndpointAuthMethodsSupported:                  methods,
		RevocationEndpointAuthMethodsSupported:             methods,
		IntrospectionEndpointAuthMethodsSupported:          confidential,
		TokenEndpointAuthSigningAlgValuesSupported:         client.AssertionAlgs,
		RevocationEndpointAuthSigningAlgValuesSupported:    client.AssertionAlgs,
		IntrospectionEndpointAuthSigningAlgValuesSupported: client.AssertionAlgs,
		CodeChallengeMethodsSupported:                      []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},
		ClaimTypesSupported:                                []string{"normal"},
		ClaimsSupported:                                    claimsSupported,
		ClaimsParameterSupported:                           true,
		UILocalesSupported:                                 locales(p.cfg.UILocales),
		DisplayValuesSupported:                             []oidc.Display{oidc.DisplayPage, oidc.DisplayPopup, oidc.DisplayTouch},
		OPPolicyURI:                                        p.cfg.PolicyURI,
		OPTermsOfServiceURI:                                p.cfg.TermsURI,
		RequestParameterSupported:                          true,
		RequestURIParameterSupported:                       true,
		RequireRequestURIRegistration:                      true,
		RequestObjectSigningAlgValuesSupported:             client.RequestAlgs,
		RequestObjectEncryptionAlgValuesSupported:          keys.EncryptionAlgorithms,
		RequestObjectEncryptionEncValuesSupported:          keys.ContentEncryptions,
		CheckSessionIframe:                                 p.cfg.CheckSession, // Session Management 1.0 §3.3
		BackChannelLogoutSupported:                         true,               // Back-Channel Logout 1.0 §2.1
		BackChannelLogoutSessionSupported:                  true,
	}
}

func authMethodsOf(names []string) []oidc.AuthMethod {
	out := make([]oidc.AuthMethod, len(names))
	for i, name := range names {
		out[i] = oidc.AuthMethod(name)
	}
	return out
}

func grantTypes() []oidc.GrantType {
	var out []oidc.GrantType
	for _, g := range client.GrantTypesAll {
		out = append(out, oidc.GrantType(g))
	}
	return out
}

func locales(tags []string) oidc.Locales {
	var out []language.Tag
	for _, t := range tags {
		out = append(out, language.Make(t))
	}
	return out
}

func newDocument(v any) (*httpd.Document, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return httpd.NewDocument(body), nil
}

// discoveryDocument is what this provider does, rendered once until something of it
// is registered or removed.
type discoveryDocument struct {
	mu    sync.Mutex
	types []*resource.Type
	doc   *httpd.Document
}

// serveDiscovery answers with what this provider does. While the store is away it
// is what it was.
func (p *Provider) serveDiscovery(w http.ResponseWriter, r *http.Request) error {
	types, err := p.Resources.Types(r.Context())
	d := &p.discovery
	d.mu.Lock()
	if d.doc == nil && err != nil {
		d.mu.Unlock()
		return err
	}
	if err == nil && (d.doc == nil || !slices.Equal(d.types, types)) {
		if d.doc, err = newDocument(p.describe(types)); err != nil {
			d.mu.Unlock()
			return err
		}
		d.types = types
	}
	doc := d.doc
	d.mu.Unlock()
	return doc.Serve(w, r)
}

// keyDocument is the published keys, rendered once per key set.
type keyDocument struct {
	mu   sync.Mutex
	jwks []byte
	doc  *httpd.Document
}

func (k *keyDocument) of(jwks []byte) (*httpd.Document, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.doc == nil || &k.jwks[0] != &jwks[0] {
		doc, err := newDocument(json.RawMessage(jwks))
		if err != nil {
			return nil, err
		}
		k.jwks, k.doc = jwks, doc
	}
	return k.doc, nil
}

// serveKeys answers with the public keys (RFC 7517 §5).
func (p *Provider) serveKeys(w http.ResponseWriter, r *http.Request) error {
	doc, err := p.keyDoc.of(p.Keys.Set().JWKS())
	if err != nil {
		return err
	}
	return doc.Serve(w, r)
}
