package op

//go:generate go run ./internal/refgen

import (
	"fmt"

	"signet/internal/fault"
)

// Rule is what a request can break: a short name that stays, by which answers,
// signet explain and docs/errors.md speak of it.
type Rule struct {
	Name   string // stable
	Code   string // the error that is answered
	Clause string // where it is written
	Remedy string // what to change

	kind fault.Kind
}

// broken is the error of a request that breaks the rule; the format says how.
func (r *Rule) broken(format string, args ...any) *oauthError {
	return &oauthError{failure: fault.New(r.kind, format, args...), code: r.Code, rule: r}
}

// ruleBook is all rules, in the order in which docs/errors.md has them.
var ruleBook []*Rule

// Rules returns all rules.
func Rules() []*Rule { return append([]*Rule(nil), ruleBook...) }

func newRule(name string, kind fault.Kind, code, clause, remedy string) *Rule {
	for _, r := range ruleBook {
		if r.Name == name {
			panic(fmt.Sprintf("op: two rules are named %s", name)) // at the start of every test
		}
	}
	r := &Rule{Name: name, Code: code, Clause: clause, Remedy: remedy, kind: kind}
	ruleBook = append(ruleBook, r)
	return r
}

// What every request must keep to.
var (
	ruleEncoding = newRule("encoding", fault.Invalid, codeInvalidRequest, "RFC 6749 §4.1.3, appendix B",
		"Send the parameters in the body of a POST, encoded as application/x-www-form-urlencoded. Let a library encode them.")
	ruleMissing = newRule("parameter-missing", fault.Invalid, codeInvalidRequest, "RFC 6749 §4.1.2.1, §5.2",
		"Send the parameter. One with an empty value counts as not sent.")
	ruleRepeated = newRule("parameter-repeated", fault.Invalid, codeInvalidRequest, "RFC 6749 §3.1, §3.2",
		"Send each parameter once. Only resource and audience may repeat.")
	ruleSize = newRule("request-size", fault.Invalid, codeInvalidRequest, "RFC 9700 §4 (a limit of this provider)",
		"Send less: claims and state are the usual suspects. What is long can be pushed (RFC 9126) only within the same limits.")
	ruleRequest = newRule("request", fault.Invalid, codeInvalidRequest, "RFC 6749 §4.1.2.1, §5.2",
		"Change what the problem names.")
	ruleLimit = newRule("limit", fault.Limited, codeUnavailable, "RFC 6749 §4.1.2.1, RFC 6585 §4",
		"Wait as long as Retry-After says, and send less often. The operator can raise the limit (limits in docs/settings.md).")
)

// Who asks, and where the answer goes.
var (
	ruleClient = newRule("client-unknown", fault.Invalid, codeInvalidClient, "RFC 6749 §4.1.2.1",
		"Register the client (signet apply, signet client create), or send the client_id that is registered. Case matters.")
	ruleClientDocument = newRule("client-document", fault.Invalid, codeInvalidClient, "OAuth Client ID Metadata Document §3, §4, §5",
		"Publish the document at exactly the client_id, over https, as application/json, without redirect: client_id its own address, redirect_uris at its own origin, no secret. See docs/guides/registering-apps.md.")
	ruleClientAuth = newRule("client-authentication", fault.Unauthenticated, codeInvalidClient, "RFC 6749 §2.3, §5.2; OpenID Connect Core §9",
		"Authenticate by the method that is registered as token_endpoint_auth_method, with the present secret or key. The cause says what did not fit; signet client show CLIENT shows what is registered.")
	ruleCredentials = newRule("client-credentials", fault.Invalid, codeInvalidRequest, "RFC 6749 §2.3, RFC 7521 §4.2",
		"Authenticate in one way only, and name the same client everywhere: most often the library sends the secret in the header while the app adds it to the body.")
	ruleRedirectURI = newRule("redirect-uri", fault.Invalid, codeInvalidRequest, "RFC 6749 §3.1.2.3, RFC 9700 §4.1.3, OpenID Connect Core §3.1.2.1",
		"Register the address exactly as the app sends it: scheme, port, path and a slash at the end count. Loopback addresses of native apps may have any port.")
	ruleClientKeys = newRule("client-keys", fault.Invalid, codeInvalidRequest, "OpenID Connect Core §10, RFC 7591 §2",
		"Publish a fitting public key in the client's jwks or at its jwks_uri, and see that the address answers with a JSON Web Key Set over https.")
)

// What an authorization request asks for.
var (
	ruleResponseType = newRule("response-type", fault.Invalid, codeUnsupportedResponse, "RFC 6749 §3.1.1, OAuth 2.0 Multiple Response Types §5",
		"Ask for a response type that response_types_supported of the discovery document lists; code is right for nearly every app.")
	ruleResponseTypeRegistered = newRule("response-type-registered", fault.Forbidden, codeUnauthorizedClient, "RFC 7591 §2, RFC 6749 §4.1.2.1",
		"Add the response type to the client's response_types, and the grant type that it needs, or ask for one that is there.")
	ruleResponseMode = newRule("response-mode", fault.Invalid, codeInvalidRequest, "OAuth 2.0 Multiple Response Types §2.1, §5; JARM §2.3",
		"Leave response_mode out, or take one of response_modes_supported; tokens go by fragment or form_post only.")
	ruleScope = newRule("scope", fault.Invalid, codeInvalidScope, "RFC 6749 §3.3, OpenID Connect Core §3.1.2.1",
		"Ask for scopes that are registered for the client, or add them to its scopes.")
	ruleNonce = newRule("nonce", fault.Invalid, codeInvalidRequest, "OpenID Connect Core §3.2.2.1, §3.3.2.11",
		"Send a fresh random nonce, and compare it with the one in the ID token.")
	rulePKCE = newRule("pkce", fault.Invalid, codeInvalidRequest, "RFC 7636 §4.3, RFC 9700 §2.1.1",
		"Send code_challenge, the base64url SHA-256 of a fresh random code_verifier, with code_challenge_method=S256.")
	rulePrompt = newRule("prompt", fault.Invalid, codeInvalidRequest, "OpenID Connect Core §3.1.2.1",
		"Send prompt=none alone, or not at all.")
	ruleMaxAge = newRule("max-age", fault.Invalid, codeInvalidRequest, "OpenID Connect Core §3.1.2.1",
		"Send max_age as a whole number of seconds.")
	ruleClaims = newRule("claims", fault.Invalid, codeInvalidRequest, "OpenID Connect Core §5.5",
		"Send claims as one JSON object with the members userinfo and id_token; in an address it must be percent-encoded.")
	ruleACR = newRule("acr", fault.Forbidden, codeUnmetAuthentication, "OpenID Connect Core §5.5.1.1, Unmet Authentication Requirements 1.0 §2",
		"Ask for an acr that acr_values_supported lists, or do not call it essential.")
	ruleHint = newRule("id-token-hint", fault.Invalid, codeInvalidRequest, "OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2",
		"Send the last ID token that this provider issued to this client, unchanged (it may have expired), or none.")
	ruleResource = newRule("resource", fault.Invalid, codeInvalidTarget, "RFC 8707 §2, §2.2",
		"Name an API by the identifier under which it is registered (signet resource list), exactly; list it in the client's resources, and ask for it in the authorization request before a token is asked for it.")
	ruleConnection = newRule("connection", fault.Invalid, codeInvalidRequest, "OpenID Connect Core §3.1.2.1, docs/specs/federation.md",
		"Send as connection the id of a sign-in connection, as signet org connection list shows it, or leave it out.")
	ruleOrganization = newRule("organization", fault.Invalid, codeInvalidRequest, "docs/specs/organization.md §value",
		"Send as organization an organization's id or slug, or * for one that the person chooses, and ask for the scope organizations with it.")
)

// What is asked for finely.
var ruleDetails = newRule("authorization-details", fault.Invalid, codeInvalidDetails, "RFC 9396 §2, §5, §6.1",
	"Send a JSON list of objects of a registered type (authorization_details_types_supported), with its fields and no others; list the types in the client's authorization_details_types. At the token endpoint, send members of what was granted, or none to get all.")

// How it is sent.
var (
	ruleOneRequest = newRule("request-source", fault.Invalid, codeInvalidRequest, "OpenID Connect Core §6.1, RFC 9101 §5",
		"Send the request either as parameters, or as request, or as request_uri.")
	ruleObject = newRule("request-object", fault.Invalid, codeInvalidObject, "RFC 9101 §4, §6, §10.8; OpenID Connect Core §6",
		"Sign the parameters as a JWT with a key of the client's key set and the algorithm that is registered: iss the client_id, aud the issuer, typ oauth-authz-req+jwt, exp a few minutes away.")
	ruleObjectLife = newRule("request-object-life", fault.Invalid, codeInvalidObject, "FAPI 2.0 Message Signing §5.3.1, FAPI-CIBA §5.2.2",
		"Give the object an aud that is the issuer, an nbf of now, and an exp a few minutes later: the client's profile bounds both to an hour.")
	ruleObjectEncryption = newRule("request-object-encryption", fault.Invalid, codeInvalidObject, "RFC 9101 §6.1, OpenID Connect Core §10.2",
		"Fetch jwks_uri anew and encrypt the signed object, uncompressed, to its key with use enc and the alg that fits: request_object_encryption_alg_values_supported and request_object_encryption_enc_values_supported say which there are.")
	ruleObjectUnsigned = newRule("request-object-unsigned", fault.Invalid, codeNoRequestObject, "RFC 9101 §10.5, OpenID Connect Core §6.1",
		"Sign the request object, or register the client with request_object_signing_alg none.")
	ruleObjectRequired = newRule("request-object-required", fault.Invalid, codeInvalidRequest, "RFC 9101 §10.5",
		"Send a signed request object, or register the client without require_signed_request_object.")
	ruleRequestURI = newRule("request-uri", fault.Invalid, codeInvalidRequestURI, "OpenID Connect Core §6.2, RFC 9101 §5.2",
		"Register the address in request_uris, and see that it answers over https with the request object and nothing else.")
	rulePARRequired = newRule("par-required", fault.Invalid, codeInvalidRequest, "RFC 9126 §6",
		"Push the request to pushed_authorization_request_endpoint and send the request_uri of the answer, or register the client without require_pushed_authorization_requests.")
	rulePushed = newRule("pushed-request", fault.Invalid, codeInvalidRequestURI, "RFC 9126 §2.2, §4, §7.3",
		"Push the request anew for each sign-in: a request_uri is good for one answer, to the client that pushed it, and for a minute (lifetimes.pushed_request).")
	rulePushedURI = newRule("pushed-request-uri", fault.Invalid, codeInvalidRequest, "RFC 9126 §2.1",
		"Push the parameters, or a request object as request, and no request_uri.")
)

// What the person does, or does not.
var (
	ruleRefused = newRule("person-refused", fault.Forbidden, codeAccessDenied, "RFC 6749 §4.1.2.1",
		"Nothing is wrong with the request: the person chose Cancel. Offer to begin again.")
	ruleSignIn = newRule("sign-in-required", fault.Unauthenticated, codeLoginRequired, "OpenID Connect Core §3.1.2.6",
		"Send the request without prompt=none, so that the person can be asked. In a hidden frame browsers may hold our cookie back: do it in the window itself.")
	ruleAccount = newRule("account-selection-required", fault.Unauthenticated, codeAccountSelection, "OpenID Connect Core §3.1.2.6",
		"Send the request without prompt=none, so that the person can choose.")
	ruleOrganizationChoice = newRule("organization-choice", fault.Unauthenticated, codeInteraction, "OpenID Connect Core §3.1.2.6, docs/specs/organization.md",
		"Send the request without prompt=none, so that the person can choose an organization, or use another account.")
	ruleConsent = newRule("consent-required", fault.Unauthenticated, codeConsentRequired, "OpenID Connect Core §3.1.2.6, §3.1.2.4",
		"Send the request without prompt=none once, so that the person can allow it; an app of the house is declared trusted: true.")
)

// The token endpoint.
var (
	ruleGrantType = newRule("grant-type", fault.Invalid, codeUnsupportedGrant, "RFC 6749 §5.2",
		"Send a grant_type that grant_types_supported of the discovery document lists.")
	ruleGrantTypeRegistered = newRule("grant-type-registered", fault.Invalid, codeUnauthorizedClient, "RFC 6749 §5.2, RFC 7591 §2",
		"Add the grant type to the client's grant_types.")
	ruleCode = newRule("code", fault.Invalid, codeInvalidGrant, "RFC 6749 §4.1.2, §5.2",
		"Exchange each code once, at once, as the client that asked for it. A code that comes twice ends the tokens of its first use: see that no retry or reload sends it again.")
	ruleCodeRedirect = newRule("code-redirect-uri", fault.Invalid, codeInvalidGrant, "RFC 6749 §4.1.3",
		"Send the same redirect_uri as in the authorization request, character for character.")
	ruleVerifier = newRule("pkce-verifier", fault.Invalid, codeInvalidGrant, "RFC 7636 §4.5, §4.6; RFC 9700 §2.1.1",
		"Send the code_verifier from which the code_challenge of this very sign-in was made: keep it in the browser's session, and one for each tab.")
	ruleRefreshToken = newRule("refresh-token", fault.Invalid, codeInvalidGrant, "RFC 6749 §6, RFC 9700 §4.14.2",
		"Store the refresh token of each answer in the place of the one that was sent, before anything else; have one process refresh at a time. When it has ended, the person signs in again.")
	ruleRefreshScope = newRule("refresh-scope", fault.Invalid, codeInvalidScope, "RFC 6749 §6",
		"Ask for scopes of the grant, or for none to get them all; more of them needs an authorization request.")
	ruleGrantEnded = newRule("grant-ended", fault.Invalid, codeInvalidGrant, "RFC 6749 §5.2, RFC 7009 §2.1",
		"The grant was revoked while it was being used. Have the person sign in again.")
	ruleMembership = newRule("organization-left", fault.Invalid, codeInvalidGrant, "docs/specs/organization.md §refresh",
		"The person left the organization that the sign-in was for, or it was deleted. Have them sign in again.")
	ruleDeviceCode = newRule("device-code", fault.Invalid, codeInvalidGrant, "RFC 8628 §3.4, RFC 6749 §5.2",
		"Send the device_code of the last answer of device_authorization_endpoint, as the client that asked; once there were tokens, stop asking.")
	ruleDeviceExpired = newRule("device-code-expired", fault.Invalid, codeExpiredToken, "RFC 8628 §3.5",
		"Ask for new codes and show the new user_code; expires_in says how long they are good (lifetimes.device_code).")
	ruleDeviceRefused = newRule("device-refused", fault.Invalid, codeAccessDenied, "RFC 8628 §3.5",
		"Nothing is wrong with the request: the person chose Cancel. Stop asking, and offer to begin again.")
	ruleAssertion = newRule("assertion-grant", fault.Invalid, codeInvalidGrant, "RFC 7523 §2.1, §3, §3.1",
		"Bring a JWT of the issuer that is registered for the client (assertion_issuer), signed with its key, typ JWT, aud this issuer or token endpoint, exp within an hour, a new jti, and a sub that assertion_subjects knows.")
	ruleExchange = newRule("token-exchange", fault.Invalid, codeInvalidRequest, "RFC 8693 §2.1, §2.2.2",
		"Exchange an access token of this provider that is good, about a person, and meant for this client; delegation needs an actor_token of the client's own.")
	ruleExchangePolicy = newRule("token-exchange-policy", fault.Invalid, codeUnauthorizedClient, "RFC 8693 §2.2.2, §5",
		"Allow it in the client's declaration: token_exchange says impersonation or delegation, token_exchange_from the clients whose tokens it may exchange.")
	ruleExchangeTarget = newRule("token-exchange-target", fault.Invalid, codeInvalidTarget, "RFC 8693 §2.1, §2.2.2",
		"Name with resource (or audience) the API that the token is for; it must be one of the client's resources.")
	ruleExchangeScope = newRule("token-exchange-scope", fault.Invalid, codeInvalidScope, "RFC 8693 §2.1",
		"Ask for scopes that the subject_token has, that are registered for the client, and that mean something to the API.")
	ruleOwnScope = newRule("client-scope", fault.Invalid, codeInvalidScope, "RFC 6749 §4.4.2",
		"Ask for scopes of the client that are not about a person: openid, profile, email, phone, address, organizations and offline_access are.")
)

// Sign-ins that an app asks for away from the browser.
var (
	ruleSignedBackchannel = newRule("signed-backchannel-request", fault.Invalid, codeInvalidRequest, "CIBA Core 1.0 §7.1.1, FAPI-CIBA §5.2.2",
		"Sign all parameters as one JWT, in request, with iss, aud, exp, iat, nbf and jti; or register the client without backchannel_authentication_request_signing_alg, and with another profile.")
	ruleOneHint = newRule("one-hint", fault.Invalid, codeInvalidRequest, "CIBA Core 1.0 §7.1",
		"Send login_hint, the person's e-mail address, or id_token_hint, an ID token that this client got; one of them, and no login_hint_token.")
	ruleUnknownPerson = newRule("person-unknown", fault.Invalid, codeUnknownPerson, "CIBA Core 1.0 §13",
		"Check the hint with the person. Only clients of the house (trusted: true) are told; to others a request for nobody expires.")
	ruleMessage = newRule("binding-message", fault.Invalid, codeInvalidMessage, "CIBA Core 1.0 §7.1, §13",
		"Send a short binding_message on one line, such as a few letters and digits that the app shows as well.")
	ruleExpiry = newRule("requested-expiry", fault.Invalid, codeInvalidRequest, "CIBA Core 1.0 §7.1",
		"Send requested_expiry as a whole number of seconds above 0, or leave it out.")
	ruleNotification = newRule("client-notification-token", fault.Invalid, codeInvalidRequest, "CIBA Core 1.0 §7.1, §10.2",
		"Send a fresh random client_notification_token with each request, or register the delivery mode poll.")
	ruleAuthReqID = newRule("auth-req-id", fault.Invalid, codeInvalidGrant, "CIBA Core 1.0 §10.1, §11",
		"Fetch the tokens once, with the auth_req_id of the answer, as the client that asked. Keep the tokens of the first answer.")
	rulePersonDenied = newRule("person-denied", fault.Invalid, codeAccessDenied, "CIBA Core 1.0 §11",
		"Nothing is wrong with the request: the person refused. Stop asking for its outcome.")
	ruleAuthReqExpired = newRule("auth-req-expired", fault.Invalid, codeExpiredToken, "CIBA Core 1.0 §11",
		"Ask anew, and see that the person looks at their mail or account page; a longer requested_expiry may help (lifetimes.backchannel_most).")
)

// Keys to which tokens are bound.
var (
	ruleProof = newRule("dpop-proof", fault.Invalid, codeInvalidProof, "RFC 9449 §4.2, §4.3, §11.1",
		"Make a proof for each request, also for one that is sent again: a fresh jti, iat now, htm and htu of this very request, ath where an access token goes along; typ dpop+jwt, and the public key as jwk.")
	ruleProofMissing = newRule("dpop-proof-missing", fault.Invalid, codeInvalidProof, "RFC 9449 §5, §5.2, §7.1",
		"Send a proof in the header DPoP with each request for tokens, and with each that a bound token goes along with.")
	ruleProofNonce = newRule("dpop-nonce", fault.Invalid, codeUseNonce, "RFC 9449 §8, §9",
		"Nothing is wrong: send the request again, with a new proof whose nonce is that of the header DPoP-Nonce, and keep it for the next ones. Libraries do so by themselves.")
	ruleProofKey = newRule("dpop-jkt", fault.Invalid, codeInvalidRequest, "RFC 9449 §10",
		"Send as dpop_jkt the base64url SHA-256 thumbprint (RFC 7638) of the public key with which the code will be redeemed.")
	ruleCertificate = newRule("client-certificate", fault.Invalid, codeInvalidRequest, "RFC 8705 §3, §3.4",
		"Send the request with the client's TLS certificate, to the address that mtls_endpoint_aliases of the discovery document gives, where it has them.")
	ruleOneBond = newRule("one-binding", fault.Invalid, codeInvalidRequest, "RFC 9449 §5, RFC 8705 §3.4",
		"Bind tokens in one way: leave the DPoP proof out, or register the client without tls_client_certificate_bound_access_tokens.")
	ruleBond = newRule("bound-key", fault.Invalid, codeInvalidGrant, "RFC 9449 §5, §10; RFC 8705 §4",
		"Prove to have the key with which the sign-in began: keep it as long as the refresh token. When the key is lost the person signs in again.")
)

// Tokens that are shown to us.
var (
	ruleNoToken = newRule("access-token-missing", fault.Unauthenticated, "", "RFC 6750 §3.1",
		"Send Authorization: Bearer and the access token.")
	ruleToken = newRule("access-token", fault.Unauthenticated, codeInvalidToken, "RFC 6750 §3.1",
		"Get a new access token, with the refresh token or by a sign-in. An ID token is none.")
	ruleOpenID = newRule("openid-scope", fault.Forbidden, codeInsufficientScope, "OpenID Connect Core §5.3, RFC 6750 §3.1",
		"Ask for the scope openid in the authorization request.")
	ruleForeignToken = newRule("foreign-token", fault.Invalid, codeInvalidGrant, "RFC 7009 §2.1",
		"Revoke a token as the client that it was issued to.")
)

// Registration and sign-out.
var (
	ruleRegistrationToken = newRule("registration-token", fault.Unauthenticated, codeInvalidToken, "RFC 7591 §3, RFC 7592 §2",
		"Send the initial access token that the operator gave out, or the registration access token of the last answer about this client.")
	ruleMetadata = newRule("client-metadata", fault.Invalid, codeInvalidMetadata, "RFC 7591 §2, §3.2.2; OpenID Connect Registration §2",
		"Change the metadata that the problem names; docs/guides/registering-apps.md has the ways to register, docs/guides/clients.md each key.")
	ruleMetadataRedirect = newRule("client-metadata-redirect-uris", fault.Invalid, codeInvalidRedirectURI, "RFC 7591 §3.2.2, RFC 8252 §7",
		"Register absolute https addresses without a fragment; a native app may have a scheme of its own, or loopback.")
	ruleStatement = newRule("software-statement", fault.Invalid, codeInvalidStatement, "RFC 7591 §2.3, §3.2.2",
		"Send the JWT as its issuer gave it, whole, before it expires; the issuer signs it with a key of the key set that registration.statement_jwks or statement_jwks_uri names.")
	ruleStatementApproved = newRule("software-statement-issuer", fault.Invalid, codeUnapprovedStatement, "RFC 7591 §2.3, §3.2.2",
		"Get a statement from the issuer that this house trusts (registration.statement_issuer), and send it as software_statement.")
	ruleSignOutURI = newRule("post-logout-redirect-uri", fault.Invalid, codeInvalidRequest, "RP-Initiated Logout §2, §3",
		"Register the address in post_logout_redirect_uris, and send an id_token_hint or the client_id beside it.")
)
