package device_test

import (
	"strings"
	"testing"

	"signet/internal/device"
)

// TestReadUserCode: a code is read however people write it (RFC 8628 §6.1).
func TestReadUserCode(t *testing.T) {
	for typed, want := range map[string]string{
		"WDJB-MJHT": "WDJBMJHT", "wdjb-mjht": "WDJBMJHT", "wdjbmjht": "WDJBMJHT", " W D J B \u2013 M J H T\t": "WDJBMJHT",
		"ＷＤＪＢーＭＪＨＴ": "WDJBMJHT", "wdjb\u00a0mjht": "WDJBMJHT", "wdjb_mjht.": "WDJBMJHT",
		"05821-GIB": "QSBZLGLB", "Ubbbbbbb": "VBBBBBBB", // what looks alike
	} {
		if got, ok := device.ReadUserCode(typed); !ok || got != want {
			t.Errorf("%q is read as %q, %t; want %q", typed, got, ok, want)
		}
	}
	for _, typed := range []string{"", "WDJB", "WDJB-MJHTX", "WDJB-MJH", "WDJB-MJHE", "WDJB+MJHT", "ВDJB-MJHT", strings.Repeat(" ", 200) + "WDJBMJHT", "WDJB-MJHT\x00"} {
		if got, ok := device.ReadUserCode(typed); ok {
			t.Errorf("%q is read as %q", typed, got)
		}
	}
}

// FuzzReadUserCode: what is read is a code, and reads as itself as it is shown.
func FuzzReadUserCode(f *testing.F) {
	for _, seed := range []string{"WDJB-MJHT", "wdjb mjht", "ＷＤＪＢーＭＪＨＴ", "0O1I-2568", "\xff", "ﬀﬁ", "WDJB\u200bMJHT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := device.ReadUserCode(typed)
		if !ok {
			return
		}
		if len(code) != 8 || strings.Trim(code, "BCDFGHJKLMNPQRSTVWXZ") != "" {
			t.Fatalf("%q is read as %q", typed, code)
		}
		if again, ok := device.ReadUserCode(device.Written(code)); !ok || again != code {
			t.Fatalf("%q is read as %q", device.Written(code), again)
		}
	})
}
