package web

import (
	"errors"
	"net/http"
	"strings"

	"signet/internal/device"
	"signet/internal/fault"
	"signet/internal/httpd"
	"signet/internal/session"
	"signet/internal/web/view"
)

// DevicePath is where people type the code that a device shows.
func (w *Web) DevicePath() string { return pathDevice }

// DeviceEnd is where a person is told how the decision about a device ended.
func (w *Web) DeviceEnd(end session.DeviceEnd) string {
	return w.at(pathDeviceDone, "end", string(end))
}

// device asks for the code that a device shows. One that comes along in the
// address is filled in and not looked at: whoever sent the link may be no friend
// (RFC 8628 §5.4).
func (w *Web) device(rw http.ResponseWriter, r *http.Request) error {
	w.Cookies.NameBrowser(rw, r) // tries are counted by browser, too
	if r.URL.Query().Get("sign_in") != "" {
		if sess, _, err := w.owner(rw, r); err != nil || sess == nil {
			return err
		}
	}
	return w.showDevice(rw, r, clipCode(r.URL.Query().Get("user_code")), "")
}

func (w *Web) showDevice(rw http.ResponseWriter, r *http.Request, typed string, bad view.Message) error {
	fr, err := w.frame(r, nil)
	if err != nil {
		return err
	}
	fr.Languages.Return = w.at(pathDevice)
	if typed != "" {
		fr.Languages.Return = w.at(pathDevice, "user_code", typed)
	}
	page := &view.DeviceCode{Frame: fr, Form: view.Form{Action: w.at(pathDevice)}, Code: typed, Fault: bad}
	if bad == view.FaultDeviceCrowded {
		page.SignInURL = w.at(pathDevice, "sign_in", "1", "user_code", typed)
	}
	return w.show(rw, r, nil, statusOf(bad), page)
}

// clipCode bounds what is shown again of what was typed as a code.
func clipCode(s string) string {
	const most = 20
	s = strings.TrimSpace(s)
	if len(s) > most {
		return ""
	}
	return clip(s)
}

// postDevice makes what the device asks for a flow of this browser.
func (w *Web) postDevice(rw http.ResponseWriter, r *http.Request) error {
	typed := r.PostFormValue("user_code")
	if strings.TrimSpace(typed) == "" {
		return w.showDevice(rw, r, "", view.FaultDeviceMissing)
	}
	info := httpd.InfoOf(r)
	who := device.Typist{Browser: w.Cookies.Browser(r), Address: info.Address}
	sess, err := w.sessionOf(r)
	if err != nil {
		return err
	}
	if sess != nil {
		who.AccountID = sess.AccountID
	}
	req, err := w.Devices.Find(r.Context(), typed, who)
	if w.tooMany(rw, r, err) {
		if errors.Is(err, device.ErrCrowded) {
			return w.showDevice(rw, r, clipCode(typed), view.FaultDeviceCrowded)
		}
		return w.showDevice(rw, r, clipCode(typed), view.FaultTooMany)
	}
	if fault.Is(err, fault.NotFound) {
		info.Kind, info.Cause = fault.NotFound, err
		return w.showDevice(rw, r, clipCode(typed), view.FaultDeviceWrong)
	}
	if err != nil {
		return err
	}
	info.ClientID = req.ClientID
	f, err := w.Sessions.StartFlow(r.Context(), info.Address, w.Cookies.NameBrowser(rw, r), *req, session.Progress{})
	if err != nil {
		return err
	}
	w.send(rw, w.base+w.Links.Resume(f.ID))
	return nil
}

// deviceFlow is asked for the flow of a device: any other has nothing to decide
// here.
func (w *Web) deviceFlow(rw http.ResponseWriter, r *http.Request) (*session.Flow, *session.Session, error) {
	f, sess, err := w.asked(rw, r)
	if err == nil && f.Request.Device == nil {
		err = fault.New(fault.Invalid, "No device asks for anything here.")
	}
	return f, sess, err
}

// deviceAsks shows who asks for what, and the code to compare.
func (w *Web) deviceAsks(rw http.ResponseWriter, r *http.Request) error {
	f, sess, err := w.deviceFlow(rw, r)
	if err != nil || sess == nil {
		return err
	}
	q, err := w.question(r, f, sess, pathDeviceAsks)
	if err != nil {
		return err
	}
	d := f.Request.Device
	page := &view.DeviceAsks{
		Frame: q.frame, Form: q.form, Person: q.person, Grants: q.grants,
		Code: d.UserCode, Address: d.Address, At: d.AskedAt, Near: d.Address == httpd.InfoOf(r).Address, Own: q.own,
	}
	return w.show(rw, r, f, http.StatusOK, page)
}

// postDeviceAsks records the decision; the protocol tells it to the device.
func (w *Web) postDeviceAsks(rw http.ResponseWriter, r *http.Request) error {
	f, sess, err := w.deviceFlow(rw, r)
	if err != nil || sess == nil {
		return err
	}
	if r.PostFormValue("account") != sess.AccountID {
		// Somebody else signed in meanwhile, in another tab: what the page
		// showed is not theirs to give away.
		w.send(rw, w.at(pathDeviceAsks, "flow", f.ID))
		return nil
	}
	switch r.PostFormValue("decision") {
	case "allow":
		if err = w.recordDevice(r, f, sess, "device.allow"); err == nil {
			err = w.allow(r, f, sess)
		}
	case "deny":
		if err = w.recordDevice(r, f, sess, "device.refuse"); err == nil {
			f, err = w.Sessions.Progress(r.Context(), f, func(p *session.Progress) { p.Of(sess).Denied = true })
		}
	default:
		return fault.New(fault.Invalid, "Choose whether to connect the device or to cancel.").On("decision")
	}
	if err != nil {
		return err
	}
	return w.goOn(rw, r, f, sess)
}

func (w *Web) recordDevice(r *http.Request, f *session.Flow, sess *session.Session, action string) error {
	return w.record(r, f, action, sess.AccountID, sess.AccountID, "device_address", f.Request.Device.Address)
}

// deviceDone says how it ended.
func (w *Web) deviceDone(rw http.ResponseWriter, r *http.Request) error {
	fr, err := w.frame(r, nil)
	if err != nil {
		return err
	}
	page := &view.DeviceDone{Frame: fr, End: view.DeviceOver, AgainURL: w.at(pathDevice)}
	switch session.DeviceEnd(r.URL.Query().Get("end")) {
	case session.DeviceApproved:
		page.End = view.DeviceApproved
	case session.DeviceRefused:
		page.End = view.DeviceRefused
	}
	return w.show(rw, r, nil, http.StatusOK, page)
}
