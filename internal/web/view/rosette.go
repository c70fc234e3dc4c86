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
	unit := func(i int) float64 { return float64(s[i]) / 255 }
	petals, second := float64(4+s[0]%11), float64(2+s[1]%8)
	swing, beat := 0.10+unit(2)*0.20, 0.01+unit(3)*0.11
	skew, twist := unit(4)*2*math.Pi, (unit(5)-0.5)*0.5
	inner, sway := 0.16+unit(6)*0.20, (unit(7)-0.5)*0.3
	// The outermost ring touches the edge, whatever the rest is.
	gap := (0.98 - inner - swing*fade(rosetteRings-1) - beat) / (rosetteRings - 1)

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
			r := inner + k*gap +
				swing*fade(ring)*math.Sin(petals*t+skew+k*twist) +
				beat*math.Cos(second*t+k*sway)
			r *= rosetteSize / 2
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

// fade lets rings swing less the farther out they are.
func fade(ring int) float64 { return 1 - float64(ring)/(rosetteRings+4) }

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
