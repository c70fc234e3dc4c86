package op

// RFC 7591 §2.3, §3.1.1: software statements. Somebody whom the house trusts, such
// as a federation, has signed what an app says of itself, and its word goes before
// the app's own.

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"signet/internal/client"
	"signet/internal/fault"
)

// Statements are the software statements that are believed.
type Statements struct {
	Issuer   string // "": none are, and those that come are ignored
	JWKS     client.KeySet
	JWKSURI  string
	Required bool // nobody may register without one
}

// maxStatement bounds a statement, which is a stranger's until it is verified.
const maxStatement = 8 << 10

// ownMembers are what no statement can say: they are the provider's to give.
var ownMembers = []string{
	"client_id", "client_secret", "client_secret_expires_at", "client_id_issued_at", "registration_access_token", "registration_client_uri", "software_statement",
}

// believe puts what the app's software statement says in the place of what the
// app says itself.
func (p *Provider) believe(ctx context.Context, m *registration) *oauthError {
	s := p.cfg.Registration.Statements
	switch {
	case s.Issuer == "":
		m.Statement = "" // §2.3: it may be ignored
		return nil
	case m.Statement == "" && s.Required:
		return ruleStatementApproved.broken("software_statement is missing: this house registers apps only with one of %s", printable(s.Issuer))
	case m.Statement == "":
		return nil
	}
	claims, oerr := p.openStatement(ctx, s, m.Statement)
	if oerr != nil {
		return oerr
	}
	reserved := slices.Concat(jwtNames, ownMembers)
	maps.DeleteFunc(claims, func(name string, _ json.RawMessage) bool {
		return slices.ContainsFunc(reserved, func(r string) bool { return strings.EqualFold(r, name) })
	})
	said, err := json.Marshal(claims)
	if err == nil {
		err = json.Unmarshal(said, m)
	}
	if err != nil {
		return ruleStatement.broken("a member of the software_statement is of the wrong type").because(err)
	}
	if texts := client.ReadLocalized(said); texts != nil {
		if m.localized == nil {
			m.localized = client.Localized{}
		}
		maps.Copy(m.localized, texts)
	}
	return nil
}

// openStatement verifies the statement and returns its claims.
func (p *Provider) openStatement(ctx context.Context, s Statements, raw string) (map[string]json.RawMessage, *oauthError) {
	if len(raw) > maxStatement {
		return nil, ruleStatement.broken("the software_statement has %d bytes; at most %d are taken", len(raw), maxStatement)
	}
	jws, err := jose.ParseSignedCompact(raw, clientAlgs)
	if err != nil {
		return nil, ruleStatement.broken("the software_statement is not a JWT that is signed by an algorithm that is supported").because(err)
	}
	// What its issuer signed for another purpose is none (RFC 8725 §3.11).
	if typ, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); typ != "" && !strings.EqualFold(typ, typeID) {
		return nil, ruleStatement.broken("the software_statement is of type %s, not JWT", printable(typ))
	}
	var claims map[string]json.RawMessage
	var own jwtClaims
	payload := jws.UnsafePayloadWithoutVerification()
	if json.Unmarshal(payload, &claims) != nil || claims == nil || json.Unmarshal(payload, &own) != nil {
		return nil, ruleStatement.broken("the software_statement holds no JSON object, or one of its claims is of the wrong type")
	}
	if own.Issuer != s.Issuer {
		return nil, ruleStatementApproved.broken("the software_statement is of %s, who is not trusted here", printable(own.Issuer))
	}
	// Its issuer's keys are found as those of a client are.
	_, err = p.keyring.verify(ctx, &client.Client{ID: s.Issuer, Metadata: client.Metadata{JWKS: s.JWKS, JWKSURI: s.JWKSURI}}, jws)
	if fault.Is(err, fault.Invalid) {
		return nil, ruleStatement.broken("no key of its issuer verifies the software_statement").because(err)
	}
	if err != nil {
		return nil, asOAuth(err)
	}
	if wrong := own.inTime(p.Now()); wrong != "" {
		return nil, ruleStatement.broken("the software_statement cannot be used: %s", wrong)
	}
	return claims, nil
}
