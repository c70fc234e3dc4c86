package client

import (
	"encoding/json"
	"maps"
	"slices"
)

// Metadata is what an app may say of itself, whoever it is: under the names of
// OAuth client registration metadata (RFC 7591 §2, OpenID Connect Registration
// §2). A registration, a declaration, the command line and the store all read
// and write this one struct, so that a field added here is known to each of
// them. What only the house may say of a client is a field of Client.
type Metadata struct {
	Name            string   `json:"client_name,omitempty"`
	Profile         string   `json:"profile,omitempty"` // what it is held to: one of Profiles; no name of the RFC
	AuthMethod      string   `json:"token_endpoint_auth_method,omitempty"`
	AuthSigningAlg  string   `json:"token_endpoint_auth_signing_alg,omitempty"` // of assertions; "": any that fits the method
	ApplicationType string   `json:"application_type,omitempty"`                // "web" or "native"
	RedirectURIs    []string `json:"redirect_uris,omitempty"`
	PostLogoutURIs  []string `json:"post_logout_redirect_uris,omitempty"`
	GrantTypes      []string `json:"grant_types,omitempty"`
	ResponseTypes   []string `json:"response_types,omitempty"`

	DefaultMaxAge   int  `json:"default_max_age,omitempty"` // seconds, 0: none
	RequireAuthTime bool `json:"require_auth_time,omitempty"`

	// Classes of sign-in that it wants where a request names none.
	DefaultACRValues []string `json:"default_acr_values,omitempty"`

	// Who people are to the client: "public", or "pairwise" by sector (OpenID
	// Connect Core §8).
	SubjectType string `json:"subject_type,omitempty"`
	SectorURI   string `json:"sector_identifier_uri,omitempty"`

	// The client's public keys, by value or where they are: what it signs is
	// verified with them, and what is encrypted for it is encrypted to them.
	JWKS    KeySet `json:"jwks,omitempty"`
	JWKSURI string `json:"jwks_uri,omitempty"`

	IDTokenAlg     string `json:"id_token_signed_response_alg,omitempty"`
	IDTokenEncAlg  string `json:"id_token_encrypted_response_alg,omitempty"`
	IDTokenEnc     string `json:"id_token_encrypted_response_enc,omitempty"`
	UserinfoAlg    string `json:"userinfo_signed_response_alg,omitempty"` // "": JSON
	UserinfoEncAlg string `json:"userinfo_encrypted_response_alg,omitempty"`
	UserinfoEnc    string `json:"userinfo_encrypted_response_enc,omitempty"`

	AnswerAlg           string `json:"authorization_signed_response_alg,omitempty"` // JARM
	AnswerEncAlg        string `json:"authorization_encrypted_response_alg,omitempty"`
	AnswerEnc           string `json:"authorization_encrypted_response_enc,omitempty"`
	IntrospectionAlg    string `json:"introspection_signed_response_alg,omitempty"` // RFC 9701
	IntrospectionEncAlg string `json:"introspection_encrypted_response_alg,omitempty"`
	IntrospectionEnc    string `json:"introspection_encrypted_response_enc,omitempty"`

	// The certificate by which the client proves who it is (RFC 8705 §2.1.2): one of
	// these, for tls_client_auth.
	TLSSubjectDN string `json:"tls_client_auth_subject_dn,omitempty"`
	TLSDNS       string `json:"tls_client_auth_san_dns,omitempty"`
	TLSURI       string `json:"tls_client_auth_san_uri,omitempty"`
	TLSIP        string `json:"tls_client_auth_san_ip,omitempty"`
	TLSEmail     string `json:"tls_client_auth_san_email,omitempty"`

	// Whether all its tokens are bound to the certificate with which it asks for
	// them (RFC 8705 §3.4).
	CertificateBound bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`

	// Whether all its tokens must be bound to a key that it proves to have by DPoP
	// (RFC 9449 §5.2).
	DPoPBound bool `json:"dpop_bound_access_tokens,omitempty"`

	// Types of authorization details that it may ask for (RFC 9396 §10).
	DetailTypes []string `json:"authorization_details_types,omitempty"`

	// Whether requests must be pushed (RFC 9126).
	RequirePAR bool `json:"require_pushed_authorization_requests,omitempty"`

	// Request objects (RFC 9101): how they are signed ("": by any algorithm,
	// "none": not), how they may be encrypted, where they may be, and whether there
	// must be one.
	RequestObjectAlg     string   `json:"request_object_signing_alg,omitempty"`
	RequestObjectEncAlg  string   `json:"request_object_encryption_alg,omitempty"`
	RequestObjectEnc     string   `json:"request_object_encryption_enc,omitempty"`
	RequestURIs          []string `json:"request_uris,omitempty"`
	RequireSignedRequest bool     `json:"require_signed_request_object,omitempty"`

	// Sign-ins that the client asks for away from the browser (CIBA Core 1.0 §4):
	// how it learns of their end, where, and how it signs its requests ("": not, or
	// by any algorithm).
	DeliveryMode    string `json:"backchannel_token_delivery_mode,omitempty"`
	NotificationURI string `json:"backchannel_client_notification_endpoint,omitempty"`
	BackchannelAlg  string `json:"backchannel_authentication_request_signing_alg,omitempty"`
	UserCode        bool   `json:"backchannel_user_code_parameter,omitempty"` // never: see checkCIBA

	ClientURI string `json:"client_uri,omitempty"`
	LogoURI   string `json:"logo_uri,omitempty"`
	PolicyURI string `json:"policy_uri,omitempty"`
	TermsURI  string `json:"tos_uri,omitempty"`

	// Where the client is told that a session ended: by a page that the browser
	// loads in a frame (OpenID Connect Front-Channel Logout), and by a call from
	// here (Back-Channel Logout). Whether it must be told which one.
	FrontchannelURI     string `json:"frontchannel_logout_uri,omitempty"`
	FrontchannelSession bool   `json:"frontchannel_logout_session_required,omitempty"`
	BackchannelURI      string `json:"backchannel_logout_uri,omitempty"`
	BackchannelSession  bool   `json:"backchannel_logout_session_required,omitempty"`

	SoftwareID      string `json:"software_id,omitempty"` // of the software, the same at every house
	SoftwareVersion string `json:"software_version,omitempty"`

	InitiateLoginURI string   `json:"initiate_login_uri,omitempty"` // where a sign-in by the app begins (OpenID Connect Core §4)
	Contacts         []string `json:"contacts,omitempty"`           // addresses of who is responsible, for the operator
}

// Differing returns the names of the members that two JSON objects do not have in
// common, by name: enough to say what was changed, where the values may be long.
func Differing(is, was []byte) ([]string, error) {
	var members [2]map[string]json.RawMessage
	for i, raw := range [][]byte{is, was} {
		if err := json.Unmarshal(raw, &members[i]); err != nil {
			return nil, err
		}
	}
	all := maps.Clone(members[0])
	maps.Copy(all, members[1])
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool {
		return string(members[0][name]) == string(members[1][name])
	}), nil
}
