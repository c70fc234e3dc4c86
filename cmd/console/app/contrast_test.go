package app

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	token = regexp.MustCompile(`(--[a-z-]+): (light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)|#[0-9a-f]{6})`)
	pairs = [][2]string{
		{"--ink", "--ground"}, {"--ink", "--card"}, {"--soft", "--ground"}, {"--soft", "--card"},
		{"--accent", "--ground"}, {"--accent", "--card"}, {"--on-accent", "--accent"}, {"--on-face", "--face"},
		{"--good", "--card"}, {"--warn", "--card"}, {"--bad", "--card"}, {"--good", "--ground"}, {"--warn", "--ground"}, {"--bad", "--ground"},
		{"--ink", "--warn-wash"},
	}
)

// Words can be read in light and in dark: 4.5 to 1 (WCAG 2.2, 1.4.3), and the
// outlines of fields can be seen: 3 to 1 (1.4.11).
func TestContrast(t *testing.T) {
	for _, flavor := range []string{Console, Frames} {
		light, dark := tokens(string(style(flavor)))
		for scheme, colors := range map[string]map[string]string{"light": light, "dark": dark} {
			for _, p := range pairs {
				if c := contrast(t, colors[p[0]], colors[p[1]]); c < 4.5 {
					t.Errorf("%s, %s: %s on %s is %.2f", flavor, scheme, p[0], p[1], c)
				}
			}
			if c := contrast(t, colors["--edge"], colors["--card"]); c < 3 {
				t.Errorf("%s, %s: outlines are %.2f", flavor, scheme, c)
			}
		}
	}
}

// What is shown before sign-in in the console stands on the rail's colour.
func TestContrastBeforeSignIn(t *testing.T) {
	css := string(style(Console))
	_, out, found := strings.Cut(css, "body.out {")
	if !found {
		t.Fatal("no colours for the signed-out console")
	}
	out, _, _ = strings.Cut(out, "}")
	own, _ := tokens(out)
	light, dark := tokens(css)
	for _, ground := range []string{light["--rail"], dark["--rail"]} {
		for _, name := range []string{"--ink", "--soft", "--accent"} {
			if c := contrast(t, own[name], ground); c < 4.5 {
				t.Errorf("%s on %s is %.2f", name, ground, c)
			}
		}
	}
	if c := contrast(t, own["--on-accent"], own["--accent"]); c < 4.5 {
		t.Errorf("the button's words are %.2f", c)
	}
}

// tokens reads the colours of the style sheet, each as it is first set.
func tokens(css string) (light, dark map[string]string) {
	light, dark = map[string]string{}, map[string]string{}
	for _, m := range token.FindAllStringSubmatch(css, -1) {
		if light[m[1]] != "" {
			continue
		}
		light[m[1]], dark[m[1]] = m[2], m[2]
		if m[3] != "" {
			light[m[1]], dark[m[1]] = m[3], m[4]
		}
	}
	return light, dark
}

// contrast is the ratio of WCAG 2.2 between two colours.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, color string) float64 {
	t.Helper()
	v, err := strconv.ParseUint(strings.TrimPrefix(color, "#"), 16, 32)
	if err != nil || len(color) != 7 {
		t.Fatal(fmt.Errorf("colour %q: %w", color, err))
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(v>>(16-8*i)&0xff) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
