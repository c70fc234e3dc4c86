// Package challengetest is the machines that solve challenges as an attacker's
// would: by what is sent to a browser alone. Tests use them to get past a
// challenge, and to measure what each kind of it is worth. Only tests import it,
// and it must not know how a puzzle is made.
package challengetest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

// Slider returns the place of the piece in the picture, both PNG files.
func Slider(picture, piece []byte) (int, error) {
	scene, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return 0, err
	}
	strip, err := png.Decode(bytes.NewReader(piece))
	if err != nil {
		return 0, err
	}
	return place(scene, strip), nil
}

// place finds the gap as a machine would that was told how the picture is
// made: at which place is there the largest step of brightness all along the
// outline of the piece?
func place(scene, piece image.Image) int {
	inner, outer := edges(piece)
	b := scene.Bounds()
	light := make([]float64, b.Dx()*b.Dy())
	for y := range b.Dy() {
		for x := range b.Dx() {
			light[y*b.Dx()+x] = float64(color.GrayModel.Convert(scene.At(x, y)).(color.Gray).Y)
		}
	}
	mean := func(points []image.Point, at int) float64 {
		sum := 0.0
		for _, p := range points {
			sum += light[p.Y*b.Dx()+p.X+at]
		}
		return sum / float64(len(points))
	}
	best, most := 0, 0.0
	for at := range b.Dx() - piece.Bounds().Dx() + 1 {
		if step := mean(outer, at) - mean(inner, at); step > most {
			best, most = at, step
		}
	}
	return best
}

// edges are the points of the piece's strip just inside and just outside of the
// piece.
func edges(piece image.Image) (inner, outer []image.Point) {
	const far = 6 // from the middle of the outline to where paper and gap are bare
	b := piece.Bounds()
	solid := make([]bool, b.Dx()*b.Dy())
	for y := range b.Dy() {
		for x := range b.Dx() {
			_, _, _, a := piece.At(x, y).RGBA()
			solid[y*b.Dx()+x] = a > 0xf000
		}
	}
	in := func(x, y int) bool { return x >= 0 && x < b.Dx() && solid[y*b.Dx()+x] }
	for y := far; y < b.Dy()-far; y += 2 {
		for x := range b.Dx() {
			around := 0
			for _, there := range []bool{in(x-far, y), in(x+far, y), in(x, y-far), in(x, y+far)} {
				if there {
					around++
				}
			}
			switch {
			case !in(x, y) && around > 0:
				outer = append(outer, image.Pt(x, y))
			case in(x, y) && around < 4 && in(x-3, y) && in(x+3, y):
				inner = append(inner, image.Pt(x, y))
			}
		}
	}
	return inner, outer
}
