package view

import "time"

// What is said about a code that was typed.
const (
	FaultDeviceMissing Message = "device.fault_missing"
	FaultDeviceWrong   Message = "device.fault_wrong"
	FaultDeviceCrowded Message = "device.fault_crowded" // who signs in may go on
)

// DeviceCode asks for the code that a device shows, as the field "user_code".
type DeviceCode struct {
	Frame
	Form
	Code  string // as it came along in the address, or was typed before
	Fault Message

	SignInURL string // where to sign in first; empty: there is no need to
}

func (*DeviceCode) template() string { return "device/code" }

// Given reports whether the code came along and is only to be compared.
func (p *DeviceCode) Given() bool { return p.Code != "" && p.Fault == "" }

// CodeField is the page's one question.
func (p *DeviceCode) CodeField() Field {
	return Field{
		Frame: &p.Frame, Name: "user_code", Type: "text", Label: "device.code", Hint: "device.code_hint",
		Fault: p.Fault, Value: p.Code, Autocomplete: "off", Letters: true, Focus: !p.Given(), Class: "code letters",
	}
}

// DeviceAsks asks whether a device may have what it asks for: the field
// "decision" is "allow" or "deny".
type DeviceAsks struct {
	Frame
	Form
	Person  Person
	Grants  []Grant
	Code    string // to be compared with what the device shows
	Address string // from which the device asked
	Near    bool   // this browser has the same address
	At      time.Time
	Own     bool // the app is the house's
}

func (*DeviceAsks) template() string { return "device/asks" }

// DeviceEnd is how the decision about a device ended.
type DeviceEnd string

// The ends. The first letters of their texts' keys.
const (
	DeviceApproved DeviceEnd = "approved"
	DeviceRefused  DeviceEnd = "refused"
	DeviceOver     DeviceEnd = "over"
)

// DeviceDone says how it ended, and that it goes on at the device.
type DeviceDone struct {
	Frame
	End      DeviceEnd
	AgainURL string
}

func (*DeviceDone) template() string { return "device/done" }

var deviceEnds = map[DeviceEnd][2]Message{
	DeviceApproved: {"device.approved.title", "device.approved.text"},
	DeviceRefused:  {"device.refused.title", "device.refused.text"},
	DeviceOver:     {"device.over.title", "device.over.text"},
}

// Title is what happened.
func (p *DeviceDone) Title() (string, error) { return p.T(p.texts()[0]) }

// Text is what to do now.
func (p *DeviceDone) Text() (string, error) { return p.T(p.texts()[1]) }

func (p *DeviceDone) texts() [2]Message {
	if texts, ok := deviceEnds[p.End]; ok {
		return texts
	}
	return deviceEnds[DeviceOver]
}

// Again reports whether there is a reason to type another code.
func (p *DeviceDone) Again() bool { return p.AgainURL != "" && p.End != DeviceApproved }
