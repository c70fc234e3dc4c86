package grant

// Access is what a good access token stands for, to who answers the request that
// presented it.
type Access struct {
	ClientID  string
	AccountID string // who allowed it; "": it is the client's own
	// Organization is the id of the one that the access is about, and to which it
	// is held; "": to none.
	Organization string
	Trusted      bool     // the client is an app of the house
	Scopes       []string // those that mean something here
	Scheme       string   // as it was presented: "Bearer" or "DPoP"
}
