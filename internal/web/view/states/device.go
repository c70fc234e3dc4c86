package states

import "signet/internal/web/view"

func device() []State {
	frames := frames
	asks := func() *view.DeviceAsks {
		return &view.DeviceAsks{
			Frame: frame(&frames), Form: form("/device/asks"), Person: ada, Code: "WDJB-MJHT",
			Address: "203.0.113.7", Near: true, At: noon,
			Grants: []view.Grant{{Scope: "profile", Value: ada.Name}, {Scope: "offline_access"}},
		}
	}
	code := func(typed string, bad view.Message) func() view.Page {
		return func() view.Page {
			return &view.DeviceCode{Frame: frame(nil), Form: view.Form{Action: "/device"}, Code: typed, Fault: bad}
		}
	}
	done := func(end view.DeviceEnd) func() view.Page {
		return func() view.Page { return &view.DeviceDone{Frame: frame(nil), End: end, AgainURL: "/device"} }
	}
	return []State{
		state("device/code/empty", code("", "")),
		state("device/code/given", code("WDJB-MJHT", "")),
		state("device/code/missing", code("", view.FaultDeviceMissing)),
		state("device/code/wrong", code("wdjb mjht", view.FaultDeviceWrong)),
		state("device/code/limited", code("WDJB-MJHT", view.FaultTooMany)),
		state("device/code/crowded", func() view.Page {
			return &view.DeviceCode{Frame: frame(nil), Form: view.Form{Action: "/device"}, Code: "WDJB-MJHT", Fault: view.FaultDeviceCrowded, SignInURL: "/device?sign_in=1"}
		}),
		state("device/asks/near", func() view.Page { return asks() }),
		state("device/asks/far", func() view.Page {
			p := asks()
			p.App = &view.App{ID: "tv", Name: "Living-room television with a name that is rather long"}
			p.Person, p.Address, p.Near = long, "2001:db8:85a3:1234:5678:8a2e:370:7334", false
			p.Grants = []view.Grant{{Scope: "openid"}, {Scope: "email", Value: long.Email}, {Scope: "printers"}}
			return p
		}),
		state("device/asks/own", func() view.Page {
			p := asks()
			p.Frame, p.Own = frame(&console), true
			return p
		}),
		state("device/done/approved", done(view.DeviceApproved)),
		state("device/done/refused", done(view.DeviceRefused)),
		state("device/done/over", done(view.DeviceOver)),
	}
}
