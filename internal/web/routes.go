package web

import (
	"net/http"

	"signet/internal/httpd"
)

// Paths of the pages below the issuer.
const (
	pathHome            = "/{$}"
	pathSignIn          = "/signin"
	pathPassword        = "/signin/password"
	pathChoose          = "/signin/account"
	pathWith            = "/signin/with"
	pathLink            = "/signin/link"
	pathGoOn            = "/signin/on"
	pathConsent         = "/consent"
	pathOrganization    = "/signin/organization"
	pathNewOrganization = "/signin/organization/new"
	pathLogo            = "/logo"
	pathCancel          = "/signin/cancel"
	pathApprove         = "/approve"

	pathDevice     = "/device"
	pathDeviceAsks = "/device/asks"
	pathDeviceDone = "/device/done"

	pathSignUp         = "/signup"
	pathSignUpPassword = "/signup/password"
	pathSignUpAbout    = "/signup/about"
	pathSignUpRobot    = "/signup/robot"
	pathSignUpCheck    = "/signup/check"
	pathSignUpResend   = "/signup/resend"
	pathSignUpState    = "/signup/state"
	pathSignUpDone     = "/signup/done"
	pathSignUpConfirm  = "/signup/confirm"
	pathSignUpDeny     = "/signup/deny"

	pathSignOut    = "/signout"
	pathSignedOut  = "/signed-out"
	pathLanguage   = "/language"
	pathChallenge  = "/challenge"
	pathDrawing    = pathChallenge + "/{name}"
	pathMeter      = "/password/check"
	pathAccount    = "/account"
	pathWithdraw   = "/account/apps/remove"
	pathEndSession = "/account/sessions/end"
	pathLeave      = "/account/signout"
	pathEverywhere = "/account/signout/everywhere"
	pathProfile    = "/account/profile"

	pathChangePassword = "/account/password"
	pathChangeEmail    = "/account/email"
	pathConfirmEmail   = "/account/email/confirm"
	pathRestoreEmail   = "/account/email/restore"
	pathData           = "/account/data"
	pathDisconnect     = "/account/disconnect"
	pathCloseAccount   = "/account/close"
	pathClosed         = "/account/closed"
	pathKeep           = "/signin/keep"

	pathOrgs   = "/orgs"
	pathNewOrg = "/new-organization"
	pathOrg    = "/orgs/{id}" // its members

	pathOrgMember   = "/orgs/{id}/members/{member}"
	pathOrgRemove   = "/orgs/{id}/members/{member}/remove"
	pathOrgTransfer = "/orgs/{id}/members/{member}/hand-over"
	pathOrgSettings = "/orgs/{id}/settings"
	pathOrgLeave    = "/orgs/{id}/leave"
	pathOrgDelete   = "/orgs/{id}/delete"
	pathOrgRestore  = "/orgs/{id}/restore"

	pathOrgSignIn = "/orgs/{id}/signin"
	pathSetup     = "/setup/{id}" // the same pages, for who was given a link
	pathSetupOpen = "/setup/{id}/open"

	pathInvitations = "/orgs/{id}/invitations"
	pathResend      = "/orgs/{id}/invitations/resend"
	pathUninvite    = "/orgs/{id}/invitations/revoke"
	pathInvitation  = "/invitation" // of who is invited
	pathDecline     = "/invitation/decline"

	pathMailbox  = "/mailbox"
	pathMail     = "/mailbox/{id}"
	pathMailHTML = "/mailbox/{id}/html"

	pathRecover         = "/recover"
	pathRecoverCode     = "/recover/code"
	pathRecoverPassword = "/recover/password"
	pathRecoverDone     = "/recover/done"
)

// PathStopNews is where the link of a mail leads by which a person stops such
// mails, and where mail readers post that by themselves (RFC 8058).
const PathStopNews = "/news/stop"

// page is the route of a page, and form that of what is posted from one.
func page(path string, do httpd.Handler) httpd.Route {
	return httpd.Route{Method: "GET", Path: path, Kind: httpd.Page, Do: do}
}

func form(path string, do httpd.Handler) httpd.Route {
	return httpd.Route{Method: "POST", Path: path, Kind: httpd.Form, Do: do}
}

// invitationRoutes are the pages of who invites and who is invited.
func (w *Web) invitationRoutes() []httpd.Route {
	return []httpd.Route{
		page(pathInvitations, w.orgInvitations), form(pathInvitations, w.postOrgInvitations),
		form(pathResend, w.postResend), form(pathUninvite, w.postUninvite),
		page(pathInvitation, w.invitation), form(pathInvitation, w.postInvitation), form(pathDecline, w.postDecline),
	}
}

// Routes are all pages.
func (w *Web) Routes() []httpd.Route {
	static := w.View.Static()
	public := func(path string) httpd.Route {
		return httpd.Route{Method: "GET", Path: path, Kind: httpd.Public, Do: func(rw http.ResponseWriter, r *http.Request) error {
			static.ServeHTTP(rw, r)
			return nil
		}}
	}
	routes := []httpd.Route{
		page(pathHome, w.home),
		page(pathSignIn, w.identifier), form(pathSignIn, w.postIdentifier),
		page(pathPassword, w.password), form(pathPassword, w.postPassword),
		page(pathChoose, w.choose), form(pathChoose, w.postChoose),
		page(pathOrganization, w.chooseOrganization), form(pathOrganization, w.postChooseOrganization),
		page(pathNewOrganization, w.newOrganization), form(pathNewOrganization, w.postNewOrganization),
		page(pathConsent, w.consent), form(pathConsent, w.postConsent),
		form(pathCancel, w.postCancel),
		page(pathDevice, w.device), form(pathDevice, w.postDevice),
		page(pathDeviceAsks, w.deviceAsks), form(pathDeviceAsks, w.postDeviceAsks),
		page(pathDeviceDone, w.deviceDone),
		page(pathApprove, w.approve), form(pathApprove, w.postApprove),
		page(pathSignOut, w.signOut), form(pathSignOut, w.postSignOut),
		page(pathSignedOut, w.signedOut),
		form(pathLanguage, w.postLanguage),
		form(pathChallenge, w.postChallenge), page(pathDrawing, w.drawing),
		form(pathMeter, w.checkPassword),
		{Method: "GET", Path: PathCheckSession, Kind: httpd.Public, Do: w.checkSession},
		public("/static/"), public("/favicon.ico"),
		{Method: "GET", Path: pathLogo, Kind: httpd.Public, Do: w.logo},
	}
	routes = append(routes, w.signUpRoutes()...)
	routes = append(routes, w.accountRoutes()...)
	routes = append(routes, w.orgRoutes()...)
	routes = append(routes, w.invitationRoutes()...)
	routes = append(routes, w.upstreamRoutes()...)
	routes = append(routes, w.samlRoutes()...)
	routes = append(routes, w.connectRoutes()...)
	if w.Letters.Send {
		routes = append(routes, w.letterRoutes()...)
	}
	if w.Mailbox != nil {
		routes = append(routes, page(pathMailbox, w.mailbox), page(pathMail, w.mail), page(pathMailHTML, w.mailHTML))
	}
	return routes
}

// signUpRoutes are the pages on which people make an account.
func (w *Web) signUpRoutes() []httpd.Route {
	return []httpd.Route{
		page(pathSignUp, w.signUp), form(pathSignUp, w.postSignUp),
		page(pathSignUpPassword, w.signUpPassword), form(pathSignUpPassword, w.postSignUpPassword),
		page(pathSignUpAbout, w.signUpAbout), form(pathSignUpAbout, w.postSignUpAbout),
		page(pathSignUpRobot, w.signUpRobot), form(pathSignUpRobot, w.postSignUpRobot),
		page(pathSignUpCheck, w.signUpCheck), form(pathSignUpCheck, w.postSignUpCheck),
		form(pathSignUpResend, w.postSignUpResend),
		page(pathSignUpState, w.signUpState), form(pathSignUpDone, w.postSignUpDone),
		page(pathSignUpConfirm, w.signUpConfirm), form(pathSignUpConfirm, w.postSignUpConfirm),
		form(pathSignUpDeny, w.postSignUpDeny),
	}
}

// accountRoutes are the pages of who has one.
func (w *Web) accountRoutes() []httpd.Route {
	return []httpd.Route{
		page(pathAccount, w.account),
		page(pathProfile, w.profile), form(pathProfile, w.postProfile),
		page(pathChangePassword, w.changePassword), form(pathChangePassword, w.postChangePassword),
		page(pathData, w.data), form(pathData, w.postData),
		page(pathDisconnect, w.takeAway), form(pathDisconnect, w.postTakeAway),
		page(pathCloseAccount, w.closeAccount), form(pathCloseAccount, w.postCloseAccount),
		page(pathClosed, w.closed),
		page(pathKeep, w.keep), form(pathKeep, w.postKeep),
		page(PathStopNews, w.stopNews), form(PathStopNews, w.postStopNews),
		form(pathWithdraw, w.postWithdraw),
		form(pathEndSession, w.postEndSession),
		form(pathLeave, w.postLeave),
		form(pathEverywhere, w.postEverywhere),
	}
}

// letterRoutes are the pages that prove an address, which takes a letter.
func (w *Web) letterRoutes() []httpd.Route {
	return []httpd.Route{
		page(pathRecover, w.recover), form(pathRecover, w.postRecover),
		page(pathRecoverCode, w.recoverCode), form(pathRecoverCode, w.postRecoverCode),
		page(pathRecoverPassword, w.recoverPassword), form(pathRecoverPassword, w.postRecoverPassword),
		page(pathRecoverDone, w.recoverDone),
		page(pathChangeEmail, w.changeEmail), form(pathChangeEmail, w.postChangeEmail),
		page(pathConfirmEmail, w.confirmEmail), form(pathConfirmEmail, w.postConfirmEmail),
		page(pathRestoreEmail, w.restoreEmail), form(pathRestoreEmail, w.postRestoreEmail),
	}
}

// orgRoutes are the pages of organizations.
func (w *Web) orgRoutes() []httpd.Route {
	return []httpd.Route{
		page(pathOrgs, w.orgs),
		page(pathNewOrg, w.newOrg), form(pathNewOrg, w.postNewOrg),
		page(pathOrg, w.orgMembers),
		page(pathOrgMember, w.orgMember), form(pathOrgMember, w.postOrgMember),
		form(pathOrgRemove, w.postOrgRemove), form(pathOrgTransfer, w.postOrgTransfer),
		page(pathOrgSettings, w.orgSettings), form(pathOrgSettings, w.postOrgSettings),
		page(pathOrgLeave, w.orgLeave), form(pathOrgLeave, w.postOrgLeave),
		page(pathOrgDelete, w.orgDelete), form(pathOrgDelete, w.postOrgDelete),
		form(pathOrgRestore, w.postOrgRestore),
	}
}

func (w *Web) home(rw http.ResponseWriter, _ *http.Request) error {
	w.send(rw, w.at(pathAccount))
	return nil
}
