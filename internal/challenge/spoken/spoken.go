// Package spoken holds spoken digits, a file for each, in a folder for each
// language: the recordings of github.com/dchest/captcha, under the licence
// beside them. It is data; how they become a challenge is package challenge's
// to know.
package spoken

import "embed"

// Digits holds "en/0.wav" and so on: 8 bits, 8,000 times a second, one channel.
//
//go:embed */*.wav
var Digits embed.FS
