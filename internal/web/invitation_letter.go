package web

import (
	"context"
	"strings"
	"unicode"

	"signet/internal/org"
	"signet/internal/outbox"
	"signet/internal/session"
	"signet/internal/web/view"
)

// kindInvite names the letter to operators.
const kindInvite = "invitation"

// InvitationURL is the address of an invitation by its link.
func (w *Web) InvitationURL(link string) string {
	return w.Letters.Home + pathInvitation + "?link=" + link
}

// InvitationLetter writes the letters of invitations in the language, which is
// that of who invites: of who is invited nothing is known. It is nil where no mail
// is sent.
func (w *Web) InvitationLetter(ctx context.Context, loc view.Locale) org.ComposeInvitation {
	if !w.Letters.Send {
		return nil
	}
	return func(i *org.Invitation, link string) (*outbox.Mail, error) {
		l := &view.InvitationLetter{
			LetterFrame: w.letterFrame(), Role: view.Role(i.Role), Until: i.ExpiresAt,
			LinkURL: w.InvitationURL(link),
		}
		if i.OrgID != "" {
			o, err := w.Organizations.Get(ctx, i.OrgID)
			if err != nil {
				return nil, err
			}
			l.Org = unlinked(o.Name)
		}
		var err error
		if l.Inviter, err = w.inviter(ctx, i); err != nil {
			return nil, err
		}
		l.Inviter.Name = unlinked(l.Inviter.Name)
		return w.letter(loc, kindInvite, "", i.Email, l)
	}
}

// unlinked is a name that anybody chose, for a letter to anybody: mail programs
// make links of what looks like an address.
func unlinked(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for n, r := range runes {
		b.WriteRune(r)
		if n+1 < len(runes) && !unicode.IsSpace(runes[n+1]) && strings.ContainsRune(".:/@\u3002\uff0e\uff61", r) {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// leadTargets are where a form may end that goes on to the app.
func leadTargets(lead *session.Lead) []string {
	if lead == nil {
		return nil
	}
	return targets(&session.Flow{Request: session.Request{ClientID: lead.ClientID, RedirectURI: lead.URL}})
}
