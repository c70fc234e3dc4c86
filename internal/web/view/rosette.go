package view

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// seedSize is how many bytes of the digest of a client id draw its rosette.
const seedSize = 8

type seed [seedSize]byte

func seedOf(clientID string) seed {
	digest := sha256.Sum256([]byte(clientID))
	return seed(digest[:seedSize])
}

// Rosette draws an app's figure as SVG: a guilloche, as on banknotes and
// passports, from its client id. People learn how the page of their app looks,
// and a look-alike has another figure. It is decoration: it carries no meaning
// that is not also in words.
func Rosette(clientID string) []byte { return drawRosette(seedOf(clientID)) }

// rosettePath names the figure by its seed, so that the address tells
// everything that is needed to draw it and may be cached for ever.
func rosettePath(clientID string) string {
	s := seedOf(clientID)
	return "/static/rosette-" + hex.EncodeToString(s[:]) + ".svg"
}

func parseSeed(s string) (seed, bool) {
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != seedSize || s != strings.ToLower(s) {
		return seed{}, false
	}
	return seed(raw), true
}

const (
	rosetteSize  = 480 // of the view box
	rosetteRings = 15
	rosetteStep  = 3 // degrees
)

// drawRosette nests rings that swing in two rhythms. Points are whole numbers
// relative to the one before, which keeps the file small.
func drawRosette(s seed) []byte {
	petals, second := float64(5+s[0]%8), float64(3+s[1]%6)
	swing := 0.14 + float64(s[2])/1500
	skew := float64(s[3]) / 255 * math.Pi
	twist := 0.10 + float64(s[4])/255*0.14
	beat := 0.03 + float64(s[5])/255*0.05

	var b bytes.Buffer
	// An image cannot see the colours of the page that shows it, so it asks for
	// the person's preference itself; the two values are the token --seal.
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d"><style>`+
		`path{fill:none;stroke:#a8321f;stroke-width:1.3}`+
		`@media(prefers-color-scheme:dark){path{stroke:#ff8a73}}</style><path d="`, rosetteSize, rosetteSize)
	for ring := range rosetteRings {
		k := float64(ring)
		lastX, lastY := 0, 0
		for deg := 0; deg < 360; deg += rosetteStep {
			t := float64(deg) * math.Pi / 180
			r := 0.27 + k*0.045 +
				swing*(1-k/20)*math.Sin(petals*t+skew+k*twist) +
				beat*math.Cos(second*t-k*0.1)
			r *= rosetteSize / 2 * 0.96
			x := rosetteSize/2 + int(math.Round(r*math.Cos(t)))
			y := rosetteSize/2 + int(math.Round(r*math.Sin(t)))
			if deg == 0 {
				fmt.Fprintf(&b, "M%d %dl", x, y)
			} else {
				writeStep(&b, x-lastX, y-lastY, deg == rosetteStep)
			}
			lastX, lastY = x, y
		}
		b.WriteByte('z')
	}
	b.WriteString(`"/></svg>`)
	return b.Bytes()
}

// writeStep writes a pair of numbers; a minus sign also separates.
func writeStep(b *bytes.Buffer, dx, dy int, first bool) {
	if dx >= 0 && !first {
		b.WriteByte(' ')
	}
	fmt.Fprint(b, dx)
	if dy >= 0 {
		b.WriteByte(' ')
	}
	fmt.Fprint(b, dy)
}
