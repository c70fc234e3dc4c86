package view

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"signet/templates"
)

func TestRosettes(t *testing.T) {
	a, b := Rosette("web"), Rosette("weh")
	if bytes.Equal(a, b) || !bytes.Equal(a, Rosette("web")) {
		t.Error("an id has one figure, and each another")
	}
	if s, ok := parseSeed(strings.TrimSuffix(strings.TrimPrefix(rosettePath("web"), "/static/rosette-"), ".svg")); !ok ||
		!bytes.Equal(drawRosette(s), a) {
		t.Error("the address does not draw the figure")
	}
	for _, image := range [][]byte{a, markImage(t)} {
		for _, dark := range []bool{false, true} {
			if seal := colourToken(t, "--seal", dark).String(); !bytes.Contains(image, []byte(seal)) {
				t.Errorf("an image lacks the seal's %s", seal)
			}
		}
	}
	if z := compress(a); len(z) > 6000 {
		t.Errorf("%d bytes compressed", len(z))
	}
	for i := range 256 { // no seed leaves the view box
		for _, m := range regexp.MustCompile(`M(-?\d+) (-?\d+)`).FindAllSubmatch(drawRosette(seed{byte(i), byte(i), 255, byte(i), 255, 255}), -1) {
			if string(m[1]) > "9" || m[1][0] == '-' {
				t.Fatalf("a ring starts at %s", m[0])
			}
		}
	}
}

func markImage(t *testing.T) []byte {
	t.Helper()
	image, err := templates.FS.ReadFile("static/mark.svg")
	if err != nil {
		t.Fatal(err)
	}
	return image
}
