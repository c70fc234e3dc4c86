package browser

import "signet/internal/testenv"

// signIn fills in the two pages of the sign-in.
func (tab *Tab) signIn(issuer string, who testenv.Person) {
	tab.t.Helper()
	tab.Arrive(issuer + "/signin?")
	tab.Type("#username", who.Email)
	tab.Follow("#submit")
	tab.Arrive(issuer + "/signin/password")
	tab.Type("#password", who.Password)
	tab.Follow("#submit")
}
