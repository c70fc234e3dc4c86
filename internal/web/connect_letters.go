package web

import (
	"context"
	"net/http"

	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/web/view"
)

// The messages about the sign-in of an organization, as operators know them.
const (
	kindDomainLost  = kindOrg + "domain_lost"
	kindSetupOpened = kindOrg + "setup_opened"
)

// mostOwnersTold bounds how many owners are told of one thing.
const mostOwnersTold = 50

// tellOwners writes to the organization's owners, each in their own language.
func (w *Web) tellOwners(ctx context.Context, orgID, kind string, compose func() view.Letter) error {
	if !w.Letters.Send {
		return nil
	}
	owners, err := w.Organizations.Owners(ctx, orgID, mostOwnersTold)
	if err != nil {
		return err
	}
	for _, id := range owners {
		a, err := w.Accounts.Get(ctx, id)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		m, err := w.tell(a, w.View.Languages().Negotiate("", "", ""), kind, compose())
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		if err := w.Mails.AddMail(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// signInOf is where owners see to the sign-in of the organization.
func (w *Web) signInOf(orgID string) string { return w.Letters.Home + orgPath(pathOrgSignIn, orgID) }

// TellDomainLost tells the owners that the domain is proven no more.
func (w *Web) TellDomainLost(ctx context.Context, d *org.Domain) error {
	o, err := w.Organizations.Get(ctx, d.OrgID)
	if err != nil {
		return err
	}
	about := view.OrgNews{Org: o.Name, Domain: d.Name, At: w.Now()}
	return w.tellOwners(ctx, o.ID, kindDomainLost, func() view.Letter {
		return view.NewOrgDomainLost(w.letterFrame(), about, w.signInOf(o.ID)+aboutPart(partDomain, d.Name))
	})
}

// tellOpened tells the owners that the link was opened, and where.
func (w *Web) tellOpened(r *http.Request, l *org.SetupLink) error {
	o, err := w.Organizations.Get(r.Context(), l.OrgID)
	if err != nil {
		return err
	}
	from := w.whereOf(r)
	about := view.OrgNews{Org: o.Name, From: &from}
	return w.tellOwners(r.Context(), o.ID, kindSetupOpened, func() view.Letter {
		return view.NewOrgSetupOpened(w.letterFrame(), about, w.signInOf(o.ID)+"#delegate")
	})
}
