package op

// OpenID Connect Session Management 1.0.

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"signet/internal/client"
	"signet/internal/handle"
	"signet/internal/session"
)

// sessionState is what an app asks the page at check_session_iframe about (§2,
// §3.2): a salted hash of who asks, from where, and the browser's state. It is ""
// for a request that is not OpenID Connect's, and for an app without an origin,
// which cannot ask. templates/static/session.js makes the same.
func sessionState(req *session.Request, state string) string {
	origin := client.Origin(req.RedirectURI)
	if origin == "" || !slices.Contains(req.Scopes, "openid") {
		return ""
	}
	salt := handle.Short()
	sum := sha256.Sum256([]byte(strings.Join([]string{req.ClientID, origin, state, salt}, " ")))
	return hex.EncodeToString(sum[:]) + "." + salt
}
