package challenge

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"

	"github.com/dchest/captcha"
)

// characters asks for six digits that are drawn askew, and spoken over noise.
// Digits, and not letters, because everybody can read, hear and type them, in
// every language here. Programs that read such pictures are to be had; what
// holds against them is that a wrong answer costs a picture, and that answers
// are limited.
type characters struct{}

// digitCount leaves a guess one chance in a million.
const digitCount = 6

// The size of the picture, in pixels.
const (
	digitsWidth  = 240
	digitsHeight = 80
)

// rngOf returns a source of what is random about a part of the puzzle: the same
// each time, on every node.
func rngOf(s Secret, part byte) *rand.Rand {
	var seed [32]byte
	copy(seed[:], s)
	seed[31] ^= part
	return rand.New(rand.NewChaCha8(seed))
}

func digitsOf(s Secret) []byte {
	rng, digits := rngOf(s, 1), make([]byte, digitCount)
	for i := range digits {
		digits[i] = byte(rng.IntN(10))
	}
	return digits
}

// Task implements Maker: the page need not know anything.
func (characters) Task(Secret) Task { return Task{} }

// Draw implements Maker.
func (characters) Draw(s Secret, d Drawing) (*File, error) {
	switch d.Name {
	case Picture:
		return asPNG(digitsPicture(s, inkwells[d.Dark]))
	case Sound:
		return speak(rngOf(s, 2), digitsOf(s), d.Lang)
	}
	return nil, nil
}

// digitsPicture is the library's, in our colours. It distorts by a secret of the
// process, so another node draws the same digits another way.
func digitsPicture(s Secret, well inkwell) *captcha.Image {
	img := captcha.NewImage(hex.EncodeToString(s), digitsOf(s), digitsWidth, digitsHeight)
	img.Palette[0], img.Palette[1] = well.paper, mix(well.paper, well.inks[0], .9)
	for i := 2; i < len(img.Palette); i++ {
		img.Palette[i] = mix(well.paper, well.inks[i%2], .9-.5*float64(i)/float64(len(img.Palette)))
	}
	return img
}

// Check implements Maker. It reads what people type of digits: with spaces, and
// in the digits of their own script.
func (characters) Check(s Secret, answer string) bool {
	var typed []byte
	for _, r := range answer {
		if strings.ContainsRune(" -\u00a0\u3000\u200e\u200f", r) {
			continue
		}
		d, ok := digit(r)
		if !ok || len(typed) == digitCount {
			return false
		}
		typed = append(typed, d)
	}
	return string(typed) == string(digitsOf(s))
}

// digit returns the value of a digit of the scripts that our languages are
// written in.
func digit(r rune) (byte, bool) {
	for _, zero := range []rune{'0', '٠', '۰', '０'} {
		if zero <= r && r <= zero+9 {
			return byte(r - zero), true
		}
	}
	return 0, false
}
