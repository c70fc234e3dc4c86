package op

// JARM (JWT Secured Authorization Response Mode for OAuth 2.0) and RFC 9701 (JWT
// Response for OAuth Token Introspection): answers as one JWT, signed for the
// client and encrypted where it is registered so.

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"signet/internal/client"
	"signet/internal/session"
)

// answerLife is how long a signed answer is good: the browser takes it there at
// once (JARM §2.1 allows ten minutes).
const answerLife = 5 * time.Minute

// signAnswer makes of the fields, of which one is iss, the one field of a signed
// answer (JARM §2.3). With its aud it is good for no other client.
func (p *Provider) signAnswer(ctx context.Context, req *session.Request, fields []Field) ([]Field, error) {
	c, err := p.Clients.Get(ctx, req.ClientID)
	if err != nil {
		return nil, err
	}
	claims := map[string]any{"aud": c.ID, "exp": p.Now().Add(answerLife).Unix()}
	for _, f := range fields {
		claims[f.Name] = f.Value
	}
	token, err := p.signFor(ctx, c, c.AnswerAlg, typeID, claims, client.Encryption{Alg: c.AnswerEncAlg, Enc: c.AnswerEnc})
	return []Field{{"response", token}}, err
}

// signFor signs the claims for the client, and encrypts them where it says how.
func (p *Provider) signFor(ctx context.Context, c *client.Client, alg, typ string, claims any, e client.Encryption) (string, error) {
	key, err := p.Keys.Set().Signer(alg)
	if err != nil {
		return "", err
	}
	token, err := key.Sign(typ, claims)
	if err != nil || e.Alg == "" {
		return token, err
	}
	return p.encrypt(ctx, c, e, "JWT", token)
}

// typeIntrospection is the type of a signed introspection answer (RFC 9701 §5),
// and mediaIntrospection its media type.
const (
	typeIntrospection  = "token-introspection+jwt"
	mediaIntrospection = "application/" + typeIntrospection
)

// wantsSigned reports whether the caller asks for a signed answer (RFC 9701 §4).
func wantsSigned(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), mediaIntrospection)
}

// signedIntrospection are the claims of a signed answer (RFC 9701 §5): what it
// says of the token stands apart, so that it is none itself.
type signedIntrospection struct {
	Issuer   string         `json:"iss"`
	Audience string         `json:"aud"`
	IssuedAt int64          `json:"iat"`
	Token    *introspection `json:"token_introspection"`
}

func (p *Provider) writeSignedIntrospection(w http.ResponseWriter, r *http.Request, c *client.Client, about *introspection) error {
	claims := &signedIntrospection{p.cfg.Issuer, c.ID, p.Now().Unix(), about}
	token, err := p.signFor(r.Context(), c, c.IntrospectionAlg, typeIntrospection, claims, client.Encryption{Alg: c.IntrospectionEncAlg, Enc: c.IntrospectionEnc})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", mediaIntrospection)
	io.WriteString(w, token) // a reader that went away is no error of ours
	return nil
}
