package challenge

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// ground is the picture behind a slider: guilloches, the fine lines that engine
// turning leaves on banknotes, in two inks. They are pleasant to look at, and
// have edges everywhere, so that edges alone betray little.
type ground struct {
	width, height int
	inks          [2][]uint8 // coverage of each pixel by each ink
}

// levels is how many strengths of an ink there are; with two inks and the
// shades they make a palette small enough for a light file.
const levels = 3

func newGround(width, height int) *ground {
	g := &ground{width: width, height: height}
	for i := range g.inks {
		g.inks[i] = make([]uint8, width*height)
	}
	return g
}

// draw fills the ground by what rng says: a weave from edge to edge, and three
// rosettes over it.
func (g *ground) draw(rng *rand.Rand) {
	between := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	g.weave(1, between(5, 9), between(6, 14), between(0, 2*math.Pi))
	for i := range 3 {
		g.rosette(i%2, rosette{
			x: float64(g.width) * (float64(i) + between(.1, .9)) / 3, y: float64(g.height) * between(.15, .85),
			inner: between(12, 30), gap: between(9, 12), rings: 14,
			petals: float64(5 + rng.IntN(9)), swing: between(12, 30), twist: between(-.25, .25),
			second: float64(2 + rng.IntN(6)), beat: between(2, 10), skew: between(0, 2*math.Pi),
		})
	}
}

// weave draws waves that cross each other.
func (g *ground) weave(ink int, step, swing, phase float64) {
	for side := range 2 {
		sign := float64(1 - 2*side)
		for y := -swing; y < float64(g.height)+swing; y += 2 * step {
			for x := 0.0; x < float64(g.width); x++ {
				g.dot(ink, x, y+swing*math.Sin(x/23+phase+sign*y/19)*sign, .45)
			}
		}
	}
}

// rosette is a nest of rings that swing in two rhythms, as those of package
// view that stand for an app.
type rosette struct {
	x, y                 float64 // of the centre
	inner, gap           float64 // of the rings
	rings                int
	petals, swing, twist float64
	second, beat, skew   float64
}

func (g *ground) rosette(ink int, o rosette) {
	for ring := range o.rings {
		k := float64(ring)
		radius := o.inner + k*o.gap
		swing := min(o.swing*(1-k/float64(o.rings+4)), radius/2)
		for t := 0.0; t < 2*math.Pi; {
			sinP, cosP := math.Sincos(o.petals*t + o.skew + k*o.twist)
			sinS, cosS := math.Sincos(o.second*t + k*o.twist)
			sin, cos := math.Sincos(t)
			r := radius + swing*sinP + o.beat*cosS
			g.dot(ink, o.x+r*cos, o.y+r*sin, .9)
			// One pixel on, along the curve.
			t += 1 / math.Hypot(r, swing*o.petals*cosP-o.beat*o.second*sinS)
		}
	}
}

// dot adds a dot of ink to the four pixels that it touches.
func (g *ground) dot(ink int, x, y, strength float64) {
	left, top := math.Floor(x), math.Floor(y)
	fx, fy := x-left, y-top
	px, py := int(left), int(top)
	if px < 0 || py < 0 || px+1 >= g.width || py+1 >= g.height {
		return
	}
	at := py*g.width + px
	strength *= 255
	mask := g.inks[ink]
	add := func(i int, share float64) { mask[i] = uint8(min(255, float64(mask[i])+share*strength)) }
	add(at, (1-fx)*(1-fy))
	add(at+1, fx*(1-fy))
	add(at+g.width, (1-fx)*fy)
	add(at+g.width+1, fx*fy)
}

// tone is the palette's index, without a shade, of the pixel.
func (g *ground) tone(x, y int) uint8 {
	at := y*g.width + x
	level := func(ink int) uint8 { return uint8((int(g.inks[ink][at])*(levels-1) + 127) / 255) }
	return level(0)*levels + level(1)
}

const tones = levels * levels

// inkwell is the colours of a picture, for light and for dark pages.
type inkwell struct {
	paper, shade, line color.NRGBA
	inks               [2]color.NRGBA
}

var inkwells = map[bool]inkwell{
	false: {
		paper: rgb(0xf4eee1), shade: rgb(0x1a1b1f), line: rgb(0xffffff),
		inks: [2]color.NRGBA{rgb(0x27408b), rgb(0xa8321f)},
	},
	true: {
		paper: rgb(0x262a33), shade: rgb(0x06070a), line: rgb(0xececef),
		inks: [2]color.NRGBA{rgb(0xa9baff), rgb(0xff8a73)},
	},
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}
}

func mix(a, b color.NRGBA, share float64) color.NRGBA {
	blend := func(x, y uint8) uint8 { return uint8(math.Round(float64(x)*(1-share) + float64(y)*share)) }
	return color.NRGBA{R: blend(a.R, b.R), G: blend(a.G, b.G), B: blend(a.B, b.B), A: 255}
}

// toned are the tones, each drawn towards the shade by the share.
func (w inkwell) toned(share float64) []color.Color {
	out := make([]color.Color, 0, tones)
	for a := range levels {
		for b := range levels {
			// Fine lines on paper are not as strong as a full tone of the ink.
			c := mix(w.paper, w.inks[0], .62*float64(a)/(levels-1))
			c = mix(c, w.inks[1], .5*float64(b)/(levels-1))
			out = append(out, mix(c, w.shade, share))
		}
	}
	return out
}

// palette is: the tones, the tones half and wholly in the shade, the line.
func (w inkwell) palette() color.Palette {
	p := color.Palette(w.toned(0))
	return append(p, mix(w.paper, w.shade, .4), mix(w.paper, w.shade, .72), mix(mix(w.paper, w.inks[0], .5), w.shade, .55), w.line)
}

// canvas is a new picture with the palette.
func canvas(width, height int, p color.Palette) *image.Paletted {
	return image.NewPaletted(image.Rect(0, 0, width, height), p)
}
