package agent

import (
	"runtime"
	"runtime/debug"
	"time"

	"github.com/mdp/qrterminal/v3"
	"golang.org/x/oauth2"

	"signet/cmd/console/app"
)

// show is what a device shows that has a screen and no keyboard.
func (d *device) show(codes *oauth2.DeviceAuthResponse) {
	d.say("\nTo connect this device, open\n\n  %s\n\nin a browser and type the code\n\n  %s\n", codes.VerificationURI, codes.UserCode)
	if d.QR && codes.VerificationURIComplete != "" {
		d.say("or point a camera here, and see that the page shows the same code:\n")
		qrterminal.GenerateHalfBlock(codes.VerificationURIComplete, qrterminal.M, d.Stdout)
	}
	d.say("The code is good until %s. Waiting ...", codes.Expiry.Local().Format("15:04"))
}

// version is that of the program, as far as it was built with one.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version[:min(len(info.Main.Version), 32)]
	}
	return "1.0"
}

// readings are what this device can measure: itself.
func readings(started time.Time) []app.Reading {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	return []app.Reading{
		{Name: "Memory in use", Value: float64(mem.HeapAlloc) / (1 << 20), Unit: "MiB"},
		{Name: "Goroutines", Value: float64(runtime.NumGoroutine())},
		{Name: "Processors", Value: float64(runtime.NumCPU())},
		{Name: "Time running", Value: time.Since(started).Minutes(), Unit: "min"},
	}
}
