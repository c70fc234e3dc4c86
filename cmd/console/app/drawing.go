package app

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
)

// canvas collects the shapes of one picture. What looks random in it is drawn
// from the picture's name, so a picture is the same on every node and each time.
type canvas struct {
	bytes.Buffer
	w, h   float64
	rand   *rand.Rand
	shades int
}

// svg draws the picture. It uses presentation attributes only: the app's
// content security policy allows no inline style.
func (s shared) svg() []byte {
	seed := fnv.New64a()
	seed.Write([]byte(s.ID)) // never fails (hash.Hash)
	c := &canvas{w: float64(s.Width), h: float64(s.Height), rand: rand.New(rand.NewPCG(seed.Sum64(), 1))}
	c.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">`, s.Width, s.Height, s.Width, s.Height)
	s.draw(c)
	c.add(`</svg>`)
	return c.Bytes()
}

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(c, format, args...) }

// between returns a number in [low, high).
func (c *canvas) between(low, high float64) float64 { return low + c.rand.Float64()*(high-low) }

// sky fills the picture with a gradient, from the top down.
func (c *canvas) sky(colors ...string) {
	c.shade(colors...)
	c.add(`<rect width="100%%" height="100%%" fill="url(#g%d)"/>`, c.shades)
}

// shade defines a vertical gradient, g1, g2 and so on.
func (c *canvas) shade(colors ...string) {
	c.shades++
	c.add(`<linearGradient id="g%d" x1="0" y1="0" x2="0" y2="1">`, c.shades)
	for i, color := range colors {
		c.add(`<stop offset="%.2f" stop-color="%s"/>`, float64(i)/float64(len(colors)-1), color)
	}
	c.add(`</linearGradient>`)
}

func (c *canvas) disc(x, y, r float64, fill string, opacity float64) {
	c.add(`<circle cx="%.0f" cy="%.0f" r="%.1f" fill="%s" opacity="%.2f"/>`, x, y, r, fill, opacity)
}

// ridge fills everything below a soft line: hills, waves, snow.
func (c *canvas) ridge(base, swing, length float64, fill string) {
	phase, second := c.between(0, 7), c.between(0, 7)
	var d strings.Builder
	fmt.Fprintf(&d, "M0 %.0f", c.h)
	for i := range 61 {
		x := c.w * float64(i) / 60
		y := base + swing*(0.7*math.Sin(x/length+phase)+0.3*math.Sin(2.3*x/length+second))
		fmt.Fprintf(&d, "L%.0f %.1f", x, y)
	}
	c.add(`<path d="%sL%.0f %.0fZ" fill="%s"/>`, d.String(), c.w, c.h, fill)
}

// peaks fills everything below a jagged line.
func (c *canvas) peaks(base, swing float64, count int, fill string) {
	step := c.w / float64(count)
	var d strings.Builder
	fmt.Fprintf(&d, "M%.0f %.0f", -step, c.h)
	for i := -1; i <= count+1; i++ {
		x := float64(i) * step
		fmt.Fprintf(&d, "L%.0f %.0fL%.0f %.0f", x, base+c.between(0, swing*0.3), x+step/2, base-swing*c.between(0.5, 1))
	}
	c.add(`<path d="%sL%.0f %.0fZ" fill="%s"/>`, d.String(), c.w+step, c.h, fill)
}

func harbour(c *canvas) {
	c.sky("#f7c59f", "#f3a683", "#f9dcc4")
	c.disc(c.w*0.62, c.h*0.47, 120, "#fff1d6", 0.35)
	c.disc(c.w*0.62, c.h*0.47, 62, "#fff4de", 1)
	c.ridge(c.h*0.545, 14, 150, "#8b7a8f")
	c.shade("#4f7f94", "#2f4f66")
	c.add(`<rect y="%.0f" width="%.0f" height="%.0f" fill="url(#g%d)"/>`, c.h*0.56, c.w, c.h*0.44, c.shades)
	for i := range 26 {
		y := c.h * (0.58 + 0.4*float64(i)/26)
		x := c.w*0.62 + c.between(-30, 30)*(1+float64(i)/5)
		c.add(`<rect x="%.0f" y="%.0f" width="%.0f" height="3" rx="1.5" fill="#ffe9c9" opacity=".5"/>`, x-30, y, c.between(24, 90))
	}
	boat := func(x, y, s float64, sail string) {
		c.add(`<g transform="translate(%.0f %.0f) scale(%.2f)"><path d="M-60 0h120l-18 26h-84z" fill="#3b2a35"/><path d="M-2-4V-150" stroke="#3b2a35" stroke-width="5"/><path d="M4-148c46 44 56 92 50 136H4z" fill="%s"/><path d="M-8-128c-34 40-42 78-40 116h40z" fill="#fff8ec"/></g>`, x, y, s, sail)
	}
	boat(c.w*0.30, c.h*0.74, 1.25, "#e2694f")
	boat(c.w*0.80, c.h*0.63, 0.55, "#f4e3c8")
}

func window(c *canvas) {
	c.sky("#12203f", "#33416e", "#7a6a95")
	for range 60 {
		c.disc(c.between(0, c.w), c.between(0, c.h*0.6), c.between(0.8, 2.4), "#fff", c.between(0.3, 0.9))
	}
	c.disc(c.w*0.68, c.h*0.24, 120, "#fff3c9", 0.16)
	c.disc(c.w*0.68, c.h*0.24, 66, "#fff3c9", 1)
	c.ridge(c.h*0.66, 20, 120, "#20304f")
	c.ridge(c.h*0.72, 14, 90, "#16233d")
	c.add(`<path d="M%.0f 0v%.0fM0 %.0fh%.0f" stroke="#e8dcc8" stroke-width="16"/>`, c.w/2, c.h, c.h*0.42, c.w)
	c.add(`<rect x="11" y="11" width="%.0f" height="%.0f" fill="none" stroke="#e8dcc8" stroke-width="22"/>`, c.w-22, c.h-22)
	c.add(`<rect y="%.0f" width="%.0f" height="90" fill="#d9c7a8"/><rect y="%.0f" width="%.0f" height="12" fill="#f2e6d0"/>`, c.h-86, c.w, c.h-90, c.w)
	c.add(`<g transform="translate(%.0f %.0f)" fill="#1a1420"><path d="M-80 0C-100-120-60-190-30-210c-26-20-34-52-30-100l34 30c14-6 34-6 48 0l34-30c6 48-4 82-30 102 40 26 74 100 60 208z"/><path d="M70-14c70 8 96-40 70-84-8-14 8-24 18-10 44 62 0 126-92 112z"/></g>`, c.w*0.36, c.h-78)
}

func balloons(c *canvas) {
	c.sky("#8fd0ee", "#cdeaf3", "#fbeed5")
	for range 5 {
		x, y := c.between(0, c.w), c.between(30, c.h*0.4)
		c.add(`<g fill="#fff" opacity=".75"><ellipse cx="%.0f" cy="%.0f" rx="90" ry="16"/><ellipse cx="%.0f" cy="%.0f" rx="50" ry="20"/></g>`, x, y, x-14, y-12)
	}
	c.ridge(c.h*0.70, 26, 170, "#9cc48a")
	c.ridge(c.h*0.78, 24, 130, "#78ab6a")
	c.ridge(c.h*0.88, 20, 150, "#5a9155")
	balloon := func(x, y, s float64, a, b string) {
		c.add(`<g transform="translate(%.0f %.0f) scale(%.2f)"><path d="M0-120c-70 0-104 46-104 98 0 56 58 92 84 126h40c26-34 84-70 84-126 0-52-34-98-104-98z" fill="%s"/><path d="M0-120c-30 0-46 46-46 98 0 56 28 92 36 126h20c8-34 36-70 36-126 0-52-16-98-46-98z" fill="%s"/><path d="M-18 104l4 30M18 104l-4 30" stroke="#5b4636" stroke-width="3"/><rect x="-18" y="132" width="36" height="26" rx="5" fill="#8a5a36"/></g>`, x, y, s, a, b)
	}
	balloon(c.w*0.30, c.h*0.38, 1.15, "#d9483b", "#f6d55c")
	balloon(c.w*0.67, c.h*0.28, 0.72, "#3c6e9f", "#eef4f8")
	balloon(c.w*0.86, c.h*0.52, 0.45, "#7a4b94", "#f0b7c6")
}

func cake(c *canvas) {
	c.sky("#6d3b5e", "#a9546d", "#e08e79")
	for range 24 {
		c.disc(c.between(0, c.w), c.between(0, c.h*0.7), c.between(10, 46), "#ffe3b0", c.between(0.04, 0.16))
	}
	c.add(`<rect y="%.0f" width="%.0f" height="%.0f" fill="#5a2f3c"/>`, c.h*0.8, c.w, c.h*0.2)
	c.add(`<ellipse cx="%.0f" cy="%.0f" rx="250" ry="34" fill="#f7efe6"/>`, c.w/2, c.h*0.82)
	c.add(`<rect x="%.0f" y="%.0f" width="380" height="190" rx="16" fill="#f8e3c8"/>`, c.w/2-190, c.h*0.82-192)
	c.add(`<rect x="%.0f" y="%.0f" width="380" height="34" fill="#c65a6b"/>`, c.w/2-190, c.h*0.82-110)
	icing := fmt.Sprintf("M%.0f %.0fh380v40", c.w/2-190, c.h*0.82-196)
	for range 5 {
		icing += "q-19 46-38 0t-38 0"
	}
	c.add(`<path d="%sz" fill="#fff6f2"/>`, icing)
	for i := range 7 {
		x := c.w/2 - 150 + float64(i)*50
		y := c.h*0.82 - 196
		c.add(`<rect x="%.0f" y="%.0f" width="12" height="62" rx="3" fill="%s"/>`, x-6, y-60, []string{"#6fb7c9", "#f2c14e", "#e58aa0"}[i%3])
		c.disc(x, y-82, 34, "#ffe9a8", 0.25)
		c.add(`<path d="M%.0f %.0fc14 16 10 30 0 30s-14-14 0-30z" fill="#ffd257"/>`, x, y-96)
	}
}

func hills(c *canvas) {
	c.sky("#31375f", "#8f5a7c", "#f0986b", "#fbd49a")
	c.disc(c.w*0.3, c.h*0.46, 44, "#fff0c4", 0.95)
	c.disc(c.w*0.3, c.h*0.46, 110, "#fff0c4", 0.2)
	for i, fill := range []string{"#b06f7d", "#8b5772", "#664263", "#432f50", "#271e38"} {
		c.ridge(c.h*(0.5+0.1*float64(i)), 34, 90+40*float64(i), fill)
	}
	c.add(`<path d="M%.0f %.0fc-60-40 80-60 20-110 -40-30 40-40 20-70" fill="none" stroke="#f5c98a" stroke-width="7" opacity=".8"/>`, c.w*0.6, c.h)
}

func lighthouse(c *canvas) {
	c.sky("#243a5e", "#5d7fa3", "#f2c9a1")
	c.add(`<path d="M%.0f %.0fL0 %.0fV%.0fZ" fill="#fff3c4" opacity=".35"/>`, c.w*0.68, c.h*0.295, c.h*0.12, c.h*0.38)
	c.add(`<path d="M%.0f %.0fL%.0f %.0fV%.0fZ" fill="#fff3c4" opacity=".35"/>`, c.w*0.68, c.h*0.295, c.w, c.h*0.22, c.h*0.36)
	c.ridge(c.h*0.72, 8, 60, "#37648a")
	c.add(`<path d="M%.0f %.0fc60-90 120-110 210-112 70 0 110 40 150 112z" fill="#3d3a44"/>`, c.w*0.42, c.h*0.8)
	c.add(`<g transform="translate(%.0f %.0f)"><path d="M-42 0L-28-220h56L42 0z" fill="#f7f1e8"/><path d="M-39-50l3.500-50h71l3.500 50zM-32.500-150l3-46h59l3 46z" fill="#c8402f"/><rect x="-36" y="-232" width="72" height="14" fill="#2d2a33"/><rect x="-22" y="-270" width="44" height="38" fill="#ffe9a3"/><path d="M-30-270L0-302l30 32z" fill="#c8402f"/></g>`, c.w*0.68, c.h*0.7)
	c.ridge(c.h*0.80, 10, 45, "#2c557c")
	c.ridge(c.h*0.88, 12, 60, "#234768")
	for range 8 {
		x, y := c.between(0, c.w*0.55), c.between(c.h*0.1, c.h*0.4)
		c.add(`<path d="M%.0f %.0fq9-11 18 0q9-11 18 0" fill="none" stroke="#eef3f7" stroke-width="3" stroke-linecap="round"/>`, x, y)
	}
}

func street(c *canvas) {
	c.sky("#0d1530", "#27305c", "#4a4377")
	for range 70 {
		c.disc(c.between(0, c.w), c.between(0, c.h*0.5), c.between(0.7, 2), "#fff", c.between(0.3, 0.9))
	}
	x := -10.0
	for i := 0; x < c.w; i++ {
		width, height := c.between(92, 140), c.between(c.h*0.36, c.h*0.66)
		top := c.h - height - 60
		c.add(`<path d="M%.0f %.0fv%.0fh%.0fv%.0fl%.0f -44z" fill="%s"/>`, x, top, height, width, -height, -width/2,
			[]string{"#3a2f52", "#2c3a5e", "#4a3350", "#2b2c4a"}[i%4])
		for wy := top + 26; wy < c.h-110; wy += 52 {
			for wx := x + 16; wx < x+width-24; wx += 36 {
				fill := "#1a1b33"
				if c.rand.Float64() < 0.4 {
					fill = "#ffd98a"
				}
				c.add(`<rect x="%.0f" y="%.0f" width="20" height="30" rx="2" fill="%s"/>`, wx, wy, fill)
			}
		}
		x += width
	}
	c.add(`<rect y="%.0f" width="%.0f" height="60" fill="#14142a"/>`, c.h-60, c.w)
	for lx := 90.0; lx < c.w; lx += 240 {
		c.add(`<path d="M%.0f %.0fv-110" stroke="#0b0b18" stroke-width="7"/>`, lx, c.h-50)
		c.disc(lx, c.h-166, 46, "#ffe7a6", 0.22)
		c.disc(lx, c.h-166, 12, "#fff3cc", 1)
	}
}

func garden(c *canvas) {
	c.sky("#5fb3e4", "#a8dcf0", "#e9f6ee")
	c.ridge(c.h*0.86, 12, 80, "#6aa84f")
	flower := func(x, y, r float64) {
		c.add(`<path d="M%.0f %.0fC%.0f %.0f %.0f %.0f %.0f %.0f" stroke="#3f7d3a" stroke-width="%.0f" fill="none"/>`, x, y, x+18, y+160, x-18, y+240, x, c.h, r/6)
		c.add(`<path d="M%.0f %.0fq60-50 110-10q-50 50-110 10z" fill="#4f9445"/>`, x, y+r*2.6)
		for i := range 18 {
			c.add(`<ellipse cx="%.0f" cy="%.0f" rx="%.0f" ry="%.0f" fill="%s" transform="rotate(%d %.0f %.0f)"/>`,
				x, y-r, r*0.26, r*0.56, []string{"#f9c51c", "#f2ac12"}[i%2], i*20, x, y)
		}
		c.disc(x, y, r*0.68, "#5b3a1e", 1)
		for range 26 {
			a, d := c.between(0, 2*math.Pi), r*0.6*math.Sqrt(c.rand.Float64())
			c.disc(x+d*math.Cos(a), y+d*math.Sin(a), 3, "#8a5d33", 0.9)
		}
	}
	flower(c.w*0.76, c.h*0.52, 66)
	flower(c.w*0.20, c.h*0.60, 58)
	flower(c.w*0.46, c.h*0.30, 98)
	c.ridge(c.h*0.95, 8, 40, "#4f8f42")
}

func snow(c *canvas) {
	c.sky("#1c2b4a", "#46618c", "#b9c9dc")
	c.peaks(c.h*0.62, c.h*0.36, 4, "#6f86a8")
	c.peaks(c.h*0.72, c.h*0.28, 5, "#a9bbd2")
	c.ridge(c.h*0.74, 18, 140, "#e6eef6")
	for i := range 14 {
		x, y, s := float64(i)*64+c.between(-20, 20), c.h*c.between(0.72, 0.82), c.between(0.6, 1.1)
		c.add(`<g transform="translate(%.0f %.0f) scale(%.2f)" fill="#29415a"><path d="M0-96l30 46h-16l26 42h-80l26-42h-16z"/><rect x="-6" y="-10" width="12" height="22"/></g>`, x, y, s)
	}
	c.add(`<g transform="translate(%.0f %.0f)"><rect x="-80" y="-70" width="160" height="84" fill="#6b4630"/><path d="M-104-64L0-140l104 76-14 10H-90z" fill="#f7fbff"/><rect x="-50" y="-44" width="40" height="34" fill="#ffd98a"/><rect x="20" y="-50" width="34" height="64" fill="#46301f"/><rect x="44" y="-142" width="20" height="40" fill="#5a3c2a"/></g>`, c.w*0.62, c.h*0.86)
	c.ridge(c.h*0.88, 10, 170, "#f4f8fc")
	for range 90 {
		c.disc(c.between(0, c.w), c.between(0, c.h), c.between(1, 3.4), "#fff", c.between(0.4, 0.95))
	}
}
