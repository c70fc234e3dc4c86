package challengetest

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"signet/internal/challenge/spoken"
)

// Ear returns the digits that an English WAVE file says: it lays the recordings
// that the sound was made from over every moment of it, and keeps the places
// where one fits best.
func Ear(wav []byte) (string, error) {
	track, err := samples(wav)
	if err != nil {
		return "", err
	}
	words, err := vocabulary()
	if err != nil {
		return "", err
	}
	sound := pitchesOf(track)
	type fit struct {
		at, until int
		digit     byte
		score     float64
	}
	var fits []fit
	for at := range sound {
		best := fit{at: at}
		for _, w := range words {
			if at+len(w.pitches) > len(sound) {
				continue
			}
			along, length := 0.0, 0.0
			for i, frame := range w.pitches {
				for j, v := range frame {
					is := sound[at+i][j]
					along, length = along+v*is, length+is*is
				}
			}
			// How loud it is along the word, times how little else there is.
			if score := along * math.Pow(along/math.Sqrt(length), 10); score > best.score {
				best = fit{at, at + len(w.pitches), w.digit, score}
			}
		}
		fits = append(fits, best)
	}
	slices.SortFunc(fits, func(a, b fit) int { return cmp.Compare(b.score, a.score) })
	var heard []fit
	for _, f := range fits {
		apart := !slices.ContainsFunc(heard, func(h fit) bool { return f.at < h.until+20 && h.at < f.until+20 })
		if apart && len(heard) < 6 {
			heard = append(heard, f)
		}
	}
	slices.SortFunc(heard, func(a, b fit) int { return cmp.Compare(a.at, b.at) })
	var digits []byte
	for _, f := range heard {
		digits = append(digits, f.digit)
	}
	return string(digits), nil
}

// word is a recording at one speed, as unit vector.
type word struct {
	digit   byte
	pitches [][]float64
}

var vocabulary = sync.OnceValues(func() ([]word, error) {
	var all []word
	for d := range 10 {
		wav, err := spoken.Digits.ReadFile(fmt.Sprintf("en/%d.wav", d))
		if err != nil {
			return nil, err
		}
		track, err := samples(wav)
		if err != nil {
			return nil, err
		}
		for speed := .9; speed <= 1.21; speed += .05 {
			slow := make([]float64, int(float64(len(track)-1)*speed))
			for i := range slow {
				slow[i] = track[int(float64(i)/speed)]
			}
			w, length := word{byte('0' + d), pitchesOf(slow)}, 0.0
			for _, frame := range w.pitches {
				for _, v := range frame {
					length += v * v
				}
			}
			for _, frame := range w.pitches {
				for j := range frame {
					frame[j] /= math.Sqrt(length)
				}
			}
			all = append(all, w)
		}
	}
	return all, nil
})

func samples(wav []byte) ([]float64, error) {
	for rest := wav[min(12, len(wav)):]; len(rest) >= 8; {
		size := int(binary.LittleEndian.Uint32(rest[4:]))
		if string(rest[:4]) == "data" && size <= len(rest)-8 {
			out := make([]float64, size)
			for i := range out {
				out[i] = float64(rest[8+i]) - 128
			}
			return out, nil
		}
		rest = rest[min(len(rest), 8+size+size%2):]
	}
	return nil, errors.New("no samples in the WAVE file")
}

// pitchesOf is how strong 16 pitches are in each fiftieth of a second.
func pitchesOf(track []float64) [][]float64 {
	const frame, pitches = 160, 16
	var out [][]float64
	for at := 0; at+frame <= len(track); at += frame {
		row := make([]float64, pitches)
		for p := range row {
			re, im := 0.0, 0.0
			step := 2 * math.Pi * 150 * math.Pow(1.23, float64(p)) / 8000
			for i, s := range track[at : at+frame] {
				sin, cos := math.Sincos(step * float64(i))
				re, im = re+s*cos, im+s*sin
			}
			row[p] = math.Sqrt(math.Hypot(re, im))
		}
		out = append(out, row)
	}
	return out
}
