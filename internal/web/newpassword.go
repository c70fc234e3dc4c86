package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"signet/internal/account"
	"signet/internal/fault"
	"signet/internal/web/view"
)

// newPasswordPart is the part of a page in which a person chooses a password.
// about are the person's names and address, as far as the page may know them.
func (w *Web) newPasswordPart(about ...string) view.NewPassword {
	rule := w.Policy.Rule()
	return view.NewPassword{
		Least: rule.Least, Most: rule.Most, Kinds: rule.Kinds, Free: rule.Free, Focus: true,
		CheckURL: w.at(pathMeter), About: strings.Join(about, "\n"),
	}
}

// newPassword reads the part from the posted form: the password, if it may be
// set, and the part as the page shows it again. ok tells whether it may.
func (w *Web) newPassword(r *http.Request, about ...string) (password string, part view.NewPassword, ok bool) {
	part = w.newPasswordPart(about...)
	password, again := r.PostFormValue("password"), r.PostFormValue("confirmation")
	flaws := w.Policy.Check(password, w.known(about)...)
	switch {
	case password == "":
		part.Fault = view.FaultNewPasswordMissing
	case len(flaws) > 0:
		part.Fault = flawMessages[flaws[0]]
	case again == "":
		part.ConfirmationFault = view.FaultConfirmationMissing
	case account.NormalizePassword(again) != account.NormalizePassword(password):
		part.ConfirmationFault = view.FaultConfirmationDiffers
	default:
		return password, part, true
	}
	return "", part, false
}

// known adds to the words about a person that of the house: both are what a
// stranger tries first.
func (w *Web) known(about []string) []string {
	return append(about[:len(about):len(about)], w.View.Brand().Name)
}

var flawMessages = map[account.Flaw]view.Message{
	account.FlawShort:    view.FaultNewPasswordShort,
	account.FlawLong:     view.FaultNewPasswordLong,
	account.FlawKinds:    view.FaultNewPasswordKinds,
	account.FlawCommon:   view.FaultNewPasswordCommon,
	account.FlawPersonal: view.FaultNewPasswordPersonal,
}

// mostAbout bounds the words about a person that a script sends, in bytes.
const mostAbout = 2 << 10

// verdict is the answer to a script that asks how good a password is.
type verdict struct {
	Flaws    []account.Flaw   `json:"flaws"`
	Strength account.Strength `json:"strength"`
}

// checkPassword tells a page's script what the policy says of the password that
// is being typed. It knows nobody and keeps nothing, neither in a store nor in
// the log, so that it tells a stranger nothing; and it costs less than a counter
// of its callers would, so that none is kept.
func (w *Web) checkPassword(rw http.ResponseWriter, r *http.Request) error {
	about := r.PostFormValue("about")
	if len(about) > mostAbout {
		return fault.New(fault.Invalid, "That is more than a person's names and address.").On("about")
	}
	flaws, strength := w.Policy.Judge(r.PostFormValue("password"), w.known([]string{about})...)
	if flaws == nil {
		flaws = []account.Flaw{}
	}
	rw.Header().Set("Content-Type", "application/json")
	json.NewEncoder(rw).Encode(verdict{flaws, strength}) // a reader that went away is no error of ours
	return nil
}
