package web

import (
	"context"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/outbox"
	"signet/internal/web/view"
)

var _ org.Letters = (*Web)(nil)

// kindOrg begins the names of the messages about organizations, as operators
// know them: the news follows.
const kindOrg = "organization."

// OrganizationLetter implements org.Letters. It is written in the person's own
// language: whoever brought the news about may read another.
func (w *Web) OrganizationLetter(ctx context.Context, n org.Notice) (*outbox.Mail, error) {
	a, err := w.Accounts.Get(ctx, n.To)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	about := view.OrgNews{Org: unlinked(n.Org.Name), Role: view.Role(n.Role), At: w.Now(), Erased: n.Org.EraseAt, Connection: unlinked(n.Connection)}
	if !n.By.Operator {
		if about.By, err = w.nameOf(ctx, n.By.AccountID); err != nil {
			return nil, err
		}
	}
	var l view.Letter
	switch n.News {
	case org.RoleGiven:
		l = view.NewOrgRole(w.letterFrame(), about, w.Letters.Home+orgPath(pathOrg, n.Org.ID))
	case org.Joined:
		l = view.NewOrgJoined(w.letterFrame(), about, w.Letters.Home+orgPath(pathOrg, n.Org.ID))
	case org.Removed:
		l = view.NewOrgRemoved(w.letterFrame(), about)
	case org.SignInRequired:
		l = view.NewOrgSignInRequired(w.letterFrame(), about, w.signInOf(n.Org.ID))
	case org.Deleted:
		l = view.NewOrgDeleted(w.letterFrame(), about, w.Letters.Home+pathOrgs)
	}
	return w.tell(a, w.View.Languages().Negotiate("", "", ""), kindOrg+string(n.News), l)
}

// nameOf is how the account is called among members; "" where it is gone.
func (w *Web) nameOf(ctx context.Context, accountID string) (string, error) {
	a, err := w.Accounts.Get(ctx, accountID)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return called(a), nil
}

// called is a person's name with the address, which is theirs alone.
func called(a *account.Account) string {
	if name := nameBeside(a.DisplayName(), a.Email); name != "" {
		return unlinked(name) + " (" + a.Email + ")"
	}
	return a.Email
}
