package kv

import (
	"bytes"
	"context"
	"strings"
	"time"

	"signet/internal/grant"
)

// Codes implements grant.Codes.
//
//	code:{key}    the code, or "used" once it was
//	grant:{id}    the living grant, or "ended" once it was
//	grants:{account}  the account's grants of lately
//	opaque:{key}  an opaque access token
type Codes struct {
	b Backend
}

var _ grant.Codes = (*Codes)(nil)

// NewCodes returns the store of codes, grants and opaque tokens on the backend.
func NewCodes(b Backend) *Codes { return &Codes{b: b} }

func codeKey(key string) string   { return "code:{" + key + "}" }
func grantKey(id string) string   { return "grant:{" + id + "}" }
func opaqueKey(key string) string { return "opaque:{" + key + "}" }

// Marks that stand where a code was until it was used, and where a grant was
// until it was ended. No JSON object looks like them.
var (
	used  = []byte("used")
	ended = []byte("ended")
)

// grantsKey is the set of an account's grants whose codes or tokens were given
// out lately; its members are a client's id and a grant's, with a space between.
func grantsKey(accountID string) string { return "grants:{" + accountID + "}" }

// PutCode stores a code and its living grant, and lists the grant with its
// account, in one round trip.
func (c *Codes) PutCode(ctx context.Context, key string, code *grant.Code, codeLife, grantLife time.Duration) error {
	rawCode, err := encode(code)
	if err != nil {
		return err
	}
	rawGrant, err := encode(&code.Grant)
	if err != nil {
		return err
	}
	g := &code.Grant
	return c.b.Write(ctx, Put(codeKey(key), rawCode, codeLife), Put(grantKey(g.ID), rawGrant, grantLife),
		Add(grantsKey(g.AccountID), g.ClientID+" "+g.ID, grantLife))
}

// GrantsOf returns the ids of the account's grants whose codes were given out
// lately.
func (c *Codes) GrantsOf(ctx context.Context, accountID, clientID string) ([]string, error) {
	members, err := c.b.Members(ctx, grantsKey(accountID))
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range members {
		if client, id, ok := strings.Cut(m, " "); ok && (clientID == "" || client == clientID) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// NewGrant stores a grant that nobody has seen yet, with an opaque token if
// there is one, and lists it with its account if it has one, in one round trip.
func (c *Codes) NewGrant(ctx context.Context, g *grant.Grant, grantLife time.Duration, key string, opaque *grant.Opaque) error {
	raw, err := encode(g)
	if err != nil {
		return err
	}
	ops := []Op{Put(grantKey(g.ID), raw, grantLife)}
	if g.AccountID != "" {
		ops = append(ops, Add(grantsKey(g.AccountID), g.ClientID+" "+g.ID, grantLife))
	}
	if opaque != nil {
		rawOpaque, err := encode(opaque)
		if err != nil {
			return err
		}
		ops = append(ops, Put(opaqueKey(key), rawOpaque, opaque.ExpiresAt.Sub(opaque.IssuedAt)))
	}
	return c.b.Write(ctx, ops...)
}

// UseCode returns the code to exactly one caller, and to the others whether it
// had been used. The swap leaves the mark that tells them in the same step, and the
// grant is looked at after it: whoever ends the grant because the code comes twice
// does so later still.
func (c *Codes) UseCode(ctx context.Context, key, grantID string, keep time.Duration) (*grant.Code, bool, error) {
	raw, living, err := c.b.SwapBeside(ctx, codeKey(key), used, keep, grantKey(grantID))
	switch {
	case err != nil || raw == nil:
		return nil, false, err
	case bytes.Equal(raw, used):
		return nil, true, nil
	case bytes.Equal(living, ended):
		return nil, false, nil
	}
	code, err := decode[grant.Code](raw)
	return code, false, err
}

// PutGrant makes the grant live for so long from now, with an opaque token if
// there is one, in one round trip; false, and nothing stored, where the grant
// was ended.
func (c *Codes) PutGrant(ctx context.Context, g *grant.Grant, grantLife time.Duration, key string, opaque *grant.Opaque) (bool, error) {
	raw, err := encode(g)
	if err != nil {
		return false, err
	}
	if opaque == nil {
		return c.b.PutUnless(ctx, ended, grantKey(g.ID), raw, grantLife)
	}
	rawOpaque, err := encode(opaque)
	if err != nil {
		return false, err
	}
	alive, err := c.b.PutUnless(ctx, ended, grantKey(g.ID), raw, grantLife,
		Put(opaqueKey(key), rawOpaque, opaque.ExpiresAt.Sub(opaque.IssuedAt)))
	if err == nil && !alive {
		err = c.b.Write(ctx, Delete(opaqueKey(key)))
	}
	return alive, err
}

// Grant returns the living grant, or nil and whether it was ended.
func (c *Codes) Grant(ctx context.Context, id string) (*grant.Grant, bool, error) {
	raw, err := c.b.Get(ctx, grantKey(id))
	if err != nil {
		return nil, false, err
	}
	if bytes.Equal(raw[0], ended) {
		return nil, true, nil
	}
	g, err := decode[grant.Grant](raw[0])
	return g, false, err
}

// Opaque returns what the opaque token under the key stands for, or nil.
func (c *Codes) Opaque(ctx context.Context, key string) (*grant.Opaque, error) {
	return load[grant.Opaque](ctx, c.b, opaqueKey(key))
}

// EndGrants ends the grants, and leaves for keep a mark that PutGrant respects.
func (c *Codes) EndGrants(ctx context.Context, keep time.Duration, ids ...string) error {
	ops := make([]Op, len(ids))
	for i, id := range ids {
		ops[i] = Put(grantKey(id), ended, keep)
	}
	return c.b.Write(ctx, ops...)
}
