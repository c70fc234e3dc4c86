package challenge

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
)

// The slider's picture, in pixels of the file. A page shows it smaller.
const (
	sceneWidth  = 480
	sceneHeight = 240
	pieceWidth  = 80
	// SliderMost is the right end of the slider; its left end is 0. What it
	// says is where the left side of the piece is.
	SliderMost = sceneWidth - pieceWidth
	// tolerance is how far off the mark a hand may be.
	tolerance = 10
	// The gap is not below the piece where it starts.
	leastPlace = pieceWidth + tolerance
)

// slider asks for the place of a piece that was cut out of a picture. Whoever
// is told how it is made finds the place by its edges, as a test does; it stops
// the scripts that were not written for it, and costs the others a picture each.
type slider struct{}

// scene is all that there is to a slider; it follows from the secret.
type scene struct {
	place, top int // of the piece's box when it fills the gap
	petals     float64
	turn       float64
	rng        *rand.Rand // draws the ground
}

func sceneOf(s Secret) scene {
	rng := rngOf(s, 0)
	return scene{
		place: leastPlace + rng.IntN(SliderMost-leastPlace+1), top: 6 + rng.IntN(sceneHeight-pieceWidth-12),
		petals: float64(6 + rng.IntN(5)), turn: rng.Float64() * 2 * math.Pi, rng: rng,
	}
}

// Task implements Maker: the page need not know anything.
func (slider) Task(Secret) Task { return Task{} }

// Check implements Maker.
func (slider) Check(s Secret, answer string) bool {
	at, err := strconv.Atoi(answer)
	if err != nil || at < 0 || at > SliderMost {
		return false
	}
	off := at - sceneOf(s).place
	return -tolerance <= off && off <= tolerance
}

// Draw implements Maker: the picture with the gap, and the piece alone on a
// strip as high as the picture, so that a page moves it sideways only.
func (slider) Draw(s Secret, d Drawing) (*File, error) {
	sc, well := sceneOf(s), inkwells[d.Dark]
	g := newGround(sceneWidth, sceneHeight)
	g.draw(sc.rng)
	switch d.Name {
	case Picture:
		return asPNG(sc.picture(g, well))
	case Piece:
		return asPNG(sc.piece(g, well))
	}
	return nil, nil
}

// inside is how far inside the piece's outline a point of its box is, in
// pixels; negative outside. The outline is a seal's.
func (sc scene) inside(x, y int) float64 {
	const radius, wave = pieceWidth/2 - 6, 3
	dx, dy := float64(x)-pieceWidth/2+.5, float64(y)-pieceWidth/2+.5
	return radius + wave*math.Cos(sc.petals*math.Atan2(dy, dx)+sc.turn) - math.Hypot(dx, dy)
}

// Widths of the outline, in pixels on each side of it.
const outline = 1.1

func (sc scene) picture(g *ground, well inkwell) image.Image {
	img := canvas(g.width, g.height, well.palette())
	for y := range g.height {
		for x := range g.width {
			img.Pix[y*img.Stride+x] = g.tone(x, y)
		}
	}
	for y := range pieceWidth {
		for x := range pieceWidth {
			in := sc.inside(x, y)
			at := (sc.top+y)*img.Stride + sc.place + x
			switch {
			case math.Abs(in) < outline:
				img.Pix[at] = tones + 3
			case in >= outline+2.5 && img.Pix[at] > 0:
				img.Pix[at] = tones + 2
			case in >= outline+2.5:
				img.Pix[at] = tones + 1
			case in > 0:
				img.Pix[at] = tones
			}
		}
	}
	return img
}

func (sc scene) piece(g *ground, well inkwell) image.Image {
	edge := mix(well.line, well.shade, .75)
	if well == inkwells[true] {
		edge = well.line
	}
	soft := edge
	soft.A = 110
	p := color.Palette(append(well.toned(0), color.NRGBA{}, edge, soft))
	img := canvas(pieceWidth, g.height, p)
	for i := range img.Pix {
		img.Pix[i] = tones
	}
	for y := range pieceWidth {
		for x := range pieceWidth {
			in := sc.inside(x, y)
			at := (sc.top+y)*img.Stride + x
			switch {
			case in > outline:
				img.Pix[at] = g.tone(sc.place+x, sc.top+y)
			case in > -outline:
				img.Pix[at] = tones + 1
			case in > -outline-1:
				img.Pix[at] = tones + 2
			}
		}
	}
	return img
}

// encoder keeps the buffers of one picture for the next.
var encoder = png.Encoder{CompressionLevel: png.DefaultCompression, BufferPool: &encoderBuffers{}}

type encoderBuffers struct{ pool sync.Pool }

// Get implements png.EncoderBufferPool.
func (b *encoderBuffers) Get() *png.EncoderBuffer {
	buf, _ := b.pool.Get().(*png.EncoderBuffer)
	return buf
}

// Put implements png.EncoderBufferPool.
func (b *encoderBuffers) Put(buf *png.EncoderBuffer) { b.pool.Put(buf) }

func asPNG(img image.Image) (*File, error) {
	var b bytes.Buffer
	if err := encoder.Encode(&b, img); err != nil {
		return nil, err
	}
	return &File{Type: "image/png", Data: b.Bytes()}, nil
}
