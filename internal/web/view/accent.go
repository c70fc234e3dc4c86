package view

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// colour is red, green and blue, from 0 to 1, as sRGB encodes them.
type colour [3]float64

// parseColour reads "#rrggbb"; anything else is refused, for the result becomes
// part of a style sheet and of an address.
func parseColour(s string) (colour, bool) {
	digits, ok := strings.CutPrefix(s, "#")
	if !ok || len(digits) != 6 {
		return colour{}, false
	}
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return colour{}, false
	}
	var c colour
	for i, v := range raw {
		c[i] = float64(v) / 255
	}
	return c, true
}

func (c colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", channel(c[0]), channel(c[1]), channel(c[2]))
}

func channel(v float64) int { return int(math.Round(v * 255)) }

// luminance is the relative luminance (WCAG 2.2, "relative luminance").
func (c colour) luminance() float64 {
	var linear [3]float64
	for i, v := range c {
		if v <= 0.04045 {
			linear[i] = v / 12.92
		} else {
			linear[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
}

// contrast is the contrast ratio (WCAG 2.2, "contrast ratio"), from 1 to 21.
func contrast(a, b colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// leastContrast is what text needs (WCAG 2.2, 1.4.3), with room for rounding.
const leastContrast = 4.6

// Surfaces and texts that an accent meets; they are tokens of signet.css, and a
// test holds them equal.
var (
	lightWash = colour{0xee / 255.0, 0xf1 / 255.0, 0xfb / 255.0}
	darkWash  = colour{0x1d / 255.0, 0x22 / 255.0, 0x33 / 255.0}
	white     = colour{1, 1, 1}
	black     = colour{0, 0, 0}
)

// towards mixes c with the goal until it can be read on the surface.
func (c colour) towards(goal, surface colour) colour {
	mixed := c
	for step := 1; contrast(mixed, surface) < leastContrast && step <= 100; step++ {
		for i := range mixed {
			mixed[i] = c[i] + (goal[i]-c[i])*float64(step)/100
		}
	}
	return mixed
}

// accentRules are the style rules of an accent: dark enough to be read on paper
// and light enough in the dark, whatever colour was asked for.
func accentRules(c colour) string {
	light, dark := c.towards(black, lightWash), c.towards(white, darkWash)
	return fmt.Sprintf(":root{--accent:%s;--on-accent:#ffffff}\n"+
		"@media (prefers-color-scheme:dark){:root{--accent:%s;--on-accent:#10131f}}\n", light, dark)
}

// accentPath is the address of an accent's style sheet, or empty if the colour
// cannot be read.
func accentPath(accent string) string {
	c, ok := parseColour(accent)
	if !ok {
		return ""
	}
	return "/static/accent-" + c.String()[1:] + ".css"
}
