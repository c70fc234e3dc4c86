package view

// Device is a browser as people know it.
type Device struct {
	Browser string // "Firefox"; empty: not known
	System  string // "Windows"; empty: not known
}

// NameOf is what the device is called in the page's language.
func (f *Frame) NameOf(d Device) (string, error) {
	switch {
	case d.Browser != "" && d.System != "":
		return f.T("account.device", "Browser", d.Browser, "System", d.System)
	case d.Browser != "":
		return d.Browser, nil
	case d.System != "":
		return d.System, nil
	default:
		return f.T("account.device_unknown")
	}
}
