package view

import (
	"math"
	"regexp"
	"testing"

	"signet/templates"
)

// TestAccentsCanBeRead tries colours all around the wheel, and the extremes.
func TestAccentsCanBeRead(t *testing.T) {
	rule := regexp.MustCompile(`--accent:(#[0-9a-f]{6})`)
	for i := range 512 {
		asked := colour{float64(i&7) / 7, float64(i>>3&7) / 7, float64(i>>6&7) / 7}
		found := rule.FindAllStringSubmatch(accentRules(asked), -1)
		light, _ := parseColour(found[0][1])
		dark, _ := parseColour(found[1][1])
		ratios := []float64{
			contrast(light, colourToken(t, "--paper", false)), contrast(light, colourToken(t, "--note-wash", false)),
			contrast(light, colourToken(t, "--card", false)), contrast(light, white),
			contrast(dark, colourToken(t, "--paper", true)), contrast(dark, colourToken(t, "--note-wash", true)),
			contrast(dark, colourToken(t, "--card", true)), contrast(dark, colourToken(t, "--on-accent", true)),
		}
		for _, ratio := range ratios {
			if ratio < 4.5 {
				t.Fatalf("%s: %v", asked, ratios)
			}
		}
	}
}

// TestTokensCanBeRead holds the palette to WCAG 2.2: 4.5 for text (1.4.3), 3
// for the outlines of fields (1.4.11).
func TestTokensCanBeRead(t *testing.T) {
	pairs := []struct {
		front, back string
		least       float64
	}{
		{"--ink", "--paper", 4.5}, {"--ink", "--card", 4.5}, {"--ink", "--field", 4.5}, {"--ink", "--note-wash", 4.5},
		{"--ink", "--bad-wash", 4.5}, {"--ink-soft", "--paper", 4.5}, {"--ink-soft", "--card", 4.5}, {"--ink-soft", "--field", 4.5},
		{"--accent", "--card", 4.5}, {"--accent", "--paper", 4.5}, {"--accent", "--note-wash", 4.5}, {"--on-accent", "--accent", 4.5},
		{"--bad", "--card", 4.5}, {"--bad", "--bad-wash", 4.5}, {"--good", "--good-wash", 4.5}, {"--seal", "--paper", 3},
		{"--on-seal", "--seal", 4.5}, {"--outline", "--card", 3}, {"--outline", "--field", 3}, {"--bad", "--bad-wash", 3},
	}
	for _, p := range pairs {
		for _, dark := range []bool{false, true} {
			if got := contrast(colourToken(t, p.front, dark), colourToken(t, p.back, dark)); got < p.least || math.IsNaN(got) {
				t.Errorf("%s on %s (dark: %v): %.2f, not %.1f", p.front, p.back, dark, got, p.least)
			}
		}
	}
	if colourToken(t, "--note-wash", false) != lightWash || colourToken(t, "--note-wash", true) != darkWash {
		t.Error("accent.go and signet.css have different washes")
	}
}

// colourToken reads a colour of the style sheet: the first value is the light one,
// the second the dark one.
func colourToken(t *testing.T, name string, dark bool) colour {
	t.Helper()
	sheet, err := templates.FS.ReadFile("static/signet.css")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(name+`: (#[0-9a-f]{6});`).FindAllSubmatch(sheet, 2)
	if len(found) != 2 {
		t.Fatalf("%s has %d values", name, len(found))
	}
	which := 0
	if dark {
		which = 1
	}
	c, ok := parseColour(string(found[which][1]))
	if !ok {
		t.Fatalf("%s: %s", name, found[which][1])
	}
	return c
}
