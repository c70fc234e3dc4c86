package web

import (
	"net/http"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/session"
	"signet/internal/web/view"
)

// owner returns the signed-in person with the session; when nobody is signed
// in, the browser is sent to do so, and then to the page that it asked for, and
// the session is nil.
func (w *Web) owner(rw http.ResponseWriter, r *http.Request) (*session.Session, *account.Account, error) {
	sess, err := w.sessionOf(r)
	if err != nil {
		return nil, nil, err
	}
	after := pathAccount
	if r.Method == http.MethodGet {
		after = r.URL.RequestURI()
	}
	if sess == nil {
		return nil, nil, w.signInFor(rw, r, after)
	}
	a, err := w.Accounts.Get(r.Context(), sess.AccountID)
	if fault.Is(err, fault.NotFound) {
		if _, err := w.end(rw, r); err != nil {
			return nil, nil, err
		}
		return nil, nil, w.signInFor(rw, r, after)
	}
	if err != nil {
		return nil, nil, err
	}
	w.rememberApp(rw, r)
	return sess, a, w.Sessions.See(r.Context(), sess)
}

// accountFrame is what surrounds a page of the account: who it is, what has
// just been done, and the list of the pages.
func (w *Web) accountFrame(r *http.Request, a *account.Account, here string) (view.AccountFrame, error) {
	fr, err := w.frame(r, nil)
	if err != nil {
		return view.AccountFrame{}, err
	}
	person := personOf(a)
	fr.SignedIn = &person
	fr.Languages.Return = w.at(here)
	fr.Notice = notices[r.URL.Query().Get("done")]
	page := view.AccountFrame{Frame: fr}
	if page.Back, err = w.wayBack(r); err != nil {
		return view.AccountFrame{}, err
	}
	for _, s := range w.sections() {
		page.Sections = append(page.Sections, view.AccountSection{Label: s.label, URL: w.at(s.path), Current: s.path == here})
	}
	return page, nil
}

type section struct {
	label view.Message
	path  string
}

// sections are the pages of an account.
func (w *Web) sections() []section {
	list := []section{{view.SectionHome, pathAccount}, {view.SectionProfile, pathProfile}}
	if w.Letters.Send {
		list = append(list, section{view.SectionEmail, pathChangeEmail})
	}
	return append(list, section{view.SectionPassword, pathChangePassword}, section{view.SectionOrgs, pathOrgs},
		section{view.SectionData, pathData}, section{view.SectionClose, pathCloseAccount})
}

// account is the account's home: who it is, what it let in, where it is open.
func (w *Web) account(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	fr, err := w.accountFrame(r, a, pathAccount)
	if err != nil {
		return err
	}
	page := &view.Account{
		AccountFrame: fr, Person: *fr.SignedIn, Verified: a.EmailVerified, Born: a.Profile.Birthdate,
		ProfileURL: w.at(pathProfile), RevokeAction: w.at(pathWithdraw), EndAction: w.at(pathEndSession),
		SignOutAction: w.at(pathLeave), EverywhereAction: w.at(pathEverywhere),
	}
	page.Language, _ = w.View.Languages().Of(a.Profile.Locale)
	if page.News, err = w.wantsNews(r, a); err != nil {
		return err
	}
	if page.Waiting, err = w.waitingApps(r, a); err != nil {
		return err
	}
	if page.Apps, err = w.apps(r, a); err != nil {
		return err
	}
	if page.Providers, err = w.providers(r.Context(), a); err != nil {
		return err
	}
	live, err := w.Sessions.Live(r.Context(), a.ID)
	if err != nil {
		return err
	}
	for _, s := range live {
		page.Sessions = append(page.Sessions, sessionView(s, sess))
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}

// notices are what the account pages say has just been done, by the name in
// their address.
var notices = map[string]view.Message{
	"session":  view.NoticeSessionEnded,
	"app":      view.NoticeAccessRemoved,
	"profile":  view.NoticeProfileSaved,
	"password": view.NoticePasswordChanged,
	"email":    view.NoticeEmailChanged,

	"disconnected": view.NoticeDisconnected,

	"joined":  view.NoticeOrgJoined,
	"welcome": view.NoticeHouseJoined,

	"invited-again":   view.NoticeInvitedAgain,
	"uninvited":       view.NoticeUninvited,
	"invitation-over": view.NoticeInviteOver,
	"invited-often":   view.NoticeInvitesLimit,

	"org-created":  view.NoticeOrgCreated,
	"org-renamed":  view.NoticeOrgRenamed,
	"org-role":     view.NoticeOrgRole,
	"org-removed":  view.NoticeOrgRemoved,
	"org-transfer": view.NoticeOrgTransferred,
	"org-left":     view.NoticeOrgLeft,
	"org-deleted":  view.NoticeOrgDeleted,
	"org-restored": view.NoticeOrgRestored,

	"domain-added":        view.NoticeDomainAdded,
	"domain-proven":       view.NoticeDomainProven,
	"domain-removed":      view.NoticeDomainRemoved,
	"domain-led":          view.NoticeDomainLed,
	"connection-saved":    view.NoticeConnSaved,
	"connection-eased":    view.NoticeConnEased,
	"connection-stopped":  view.NoticeConnStopped,
	"connection-removed":  view.NoticeConnRemoved,
	"connection-passed":   view.NoticeConnPassed,
	"connection-on":       view.NoticeConnOn,
	"connection-off":      view.NoticeConnOff,
	"connection-required": view.NoticeConnRequired,
	"link-revoked":        view.NoticeLinkRevoked,
}

func (w *Web) apps(r *http.Request, a *account.Account) ([]view.ConnectedApp, error) {
	consents, err := w.Grants.Consents(r.Context(), a.ID)
	if err != nil {
		return nil, err
	}
	var out []view.ConnectedApp
	for _, consent := range consents {
		c, err := w.Clients.Get(r.Context(), consent.ClientID)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		grants, err := w.grantsOf(r.Context(), consent.Scopes, a)
		if err != nil {
			return nil, err
		}
		out = append(out, view.ConnectedApp{App: *w.appOf(c, w.locale(r, nil)), Grants: grants, Since: consent.GrantedAt, StartURL: c.Start(w.Letters.Home)})
	}
	return out, nil
}

func sessionView(s, current *session.Session) view.Session {
	device := deviceOf(s.UserAgent)
	return view.Session{
		ID: s.SID, Browser: device.Browser, System: device.System, Place: s.IP,
		SignedIn: s.AuthTime, LastUsed: s.LastSeen, Current: s.Key == current.Key,
	}
}

func (w *Web) postWithdraw(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	clientID := r.PostFormValue("client_id")
	if err := w.Grants.Withdraw(r.Context(), a.ID, clientID, w.Sessions.ForgetConsent); err != nil {
		return err
	}
	if err := w.record(r, nil, "consent.withdraw", a.ID, a.ID, "client", clip(clientID)); err != nil {
		return err
	}
	w.send(rw, w.at(pathAccount, "done", "app"))
	return nil
}

func (w *Web) postEndSession(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	if r.PostFormValue("session") == sess.SID {
		return w.postLeave(rw, r)
	}
	_, err = w.Sessions.EndOther(r.Context(), a.ID, r.PostFormValue("session"))
	if err != nil && !fault.Is(err, fault.NotFound) { // it has ended: that is what was wanted
		return err
	}
	if err == nil {
		if err := w.record(r, nil, "session.end", a.ID, a.ID, "sid", r.PostFormValue("session")); err != nil {
			return err
		}
	}
	w.send(rw, w.at(pathAccount, "done", "session"))
	return nil
}

func (w *Web) postLeave(rw http.ResponseWriter, r *http.Request) error {
	ended, err := w.end(rw, r)
	if err != nil {
		return err
	}
	return w.Leave(rw, r, &session.Request{}, ended)
}

// postEverywhere ends every session of the account, and what apps may do while
// the person is away.
func (w *Web) postEverywhere(rw http.ResponseWriter, r *http.Request) error {
	sess, a, err := w.owner(rw, r)
	if err != nil || sess == nil {
		return err
	}
	if err := w.endAll(r, a.ID, ""); err != nil {
		return err
	}
	if err := w.record(r, nil, "account.signout", a.ID, a.ID); err != nil {
		return err
	}
	w.Cookies.DropSession(rw)
	return w.leave(rw, r, &session.Request{}, sess, "everywhere", "1")
}

// shutOut makes a change that is to leave nobody signed in but the session with
// the key except. Sessions end before it, so that a node that dies after the
// commit leaves none open; and after it, for a sign-in that came between.
func (w *Web) shutOut(r *http.Request, accountID, except string, change func() error) error {
	if err := w.endAll(r, accountID, except); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	return w.endAll(r, accountID, except)
}

// endAll ends the account's sessions but the one with the key, and all that
// apps may do while the person is away: first the sessions, which could get new
// refresh tokens. It is the one place from which the pages do so: whoever is to
// be told that sessions ended is told from here.
func (w *Web) endAll(r *http.Request, accountID, except string) error {
	if w.SignUps != nil {
		// The browser in which the account was made, if it has not gone on yet,
		// would get a session without a password.
		if _, err := w.SignUps.Finish(r.Context(), accountID); err != nil {
			return err
		}
	}
	if _, err := w.Sessions.EndAll(r.Context(), accountID, except); err != nil {
		return err
	}
	return w.Grants.RevokeAll(r.Context(), accountID, "")
}
