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

// brightness is that of the pixel, from 0 to 255.
func brightness(img image.Image, x, y int) float64 {
	return float64(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y)
}

// place finds the gap as a machine would that was told how the picture is
// made: at which place is there the largest step of brightness all along the
// outline of the piece?
func place(scene, piece image.Image) int {
	b := piece.Bounds()
	opaque := func(x, y int) bool {
		if !image.Pt(x, y).In(b) {
			return false
		}
		_, _, _, a := piece.At(x, y).RGBA()
		return a > 0xf000
	}
	const far = 6 // from the middle of the outline to where paper and gap are bare
	var inner, outer []image.Point
	for y := far; y < b.Dy()-far; y += 2 {
		for x := range b.Dx() {
			switch in := opaque(x, y); {
			case in && !(opaque(x-far, y) && opaque(x+far, y) && opaque(x, y-far) && opaque(x, y+far)) && opaque(x-3, y) && opaque(x+3, y):
				inner = append(inner, image.Pt(x, y))
			case !in && (opaque(x-far, y) || opaque(x+far, y) || opaque(x, y-far) || opaque(x, y+far)):
				outer = append(outer, image.Pt(x, y))
			}
		}
	}
	mean := func(points []image.Point, at int) float64 {
		sum := 0.0
		for _, p := range points {
			sum += brightness(scene, p.X+at, p.Y)
		}
		return sum / float64(len(points))
	}
	best, most := 0, 0.0
	for at := range scene.Bounds().Dx() - b.Dx() + 1 {
		if step := mean(outer, at) - mean(inner, at); step > most {
			best, most = at, step
		}
	}
	return best
}
