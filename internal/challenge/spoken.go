package challenge

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"

	"signet/internal/challenge/spoken"
)

// The library that the recordings come from mixes them by a secret of the
// process. Here a puzzle sounds the same on every node, because some browsers
// ask for a sound in parts, and each part may come from another.

// sampleRate is that of the recordings: 8 bits, 8,000 times a second.
const sampleRate = 8000

// Spoken returns the language in which digits are spoken to somebody who reads
// the language with the tag: English where there are no recordings of it.
func Spoken(tag string) string {
	lang, _, _ := strings.Cut(tag, "-")
	switch lang {
	case "ja", "pt", "zh":
		return lang
	}
	return "en"
}

// voices are the digits in a language, as samples around 0.
type voice [10][]float64

var voices = sync.OnceValues(func() (map[string]*voice, error) {
	all := map[string]*voice{}
	for _, lang := range []string{"en", "ja", "pt", "zh"} {
		v := &voice{}
		for d := range v {
			wav, err := spoken.Digits.ReadFile(fmt.Sprintf("%s/%d.wav", lang, d))
			if err != nil {
				return nil, err
			}
			if v[d], err = samples(wav); err != nil {
				return nil, fmt.Errorf("the recording %s/%d: %w", lang, d, err)
			}
		}
		all[lang] = v
	}
	return all, nil
})

// samples finds the samples among the chunks of a WAVE file.
func samples(wav []byte) ([]float64, error) {
	for rest := wav[min(12, len(wav)):]; len(rest) >= 8; {
		size := int(binary.LittleEndian.Uint32(rest[4:]))
		if size > len(rest)-8 {
			break
		}
		if string(rest[:4]) == "data" {
			out := make([]float64, size)
			for i, b := range rest[8 : 8+size] {
				out[i] = float64(b) - 128
			}
			return out, nil
		}
		rest = rest[8+size+size%2:]
	}
	return nil, fmt.Errorf("no samples in it")
}

// speak says the digits, each at a speed of its own, over a murmur of digits
// spoken backwards and noise.
func speak(rng *rand.Rand, digits []byte, lang string) (*File, error) {
	all, err := voices()
	if err != nil {
		return nil, err
	}
	v := all[Spoken(lang)]
	between := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	track := make([]float64, 0, 16*sampleRate)
	pause := func() { track = append(track, make([]float64, int(between(.7, 1.5)*sampleRate))...) }
	pause()
	for _, d := range digits {
		track = append(track, stretch(v[d], between(.9, 1.2), between(.85, 1.1))...)
		pause()
	}
	for range len(track) / (sampleRate / 6) {
		murmur := stretch(v[rng.IntN(10)], between(.8, 1.4), between(.14, .26))
		at := rng.IntN(len(track))
		for i := range murmur {
			if at+i < len(track) {
				track[at+i] += murmur[len(murmur)-1-i]
			}
		}
	}
	for i := range track {
		track[i] += between(-3, 3)
	}
	return asWAV(track), nil
}

// stretch returns the samples longer by the factor, and louder by the other.
func stretch(samples []float64, longer, louder float64) []float64 {
	out := make([]float64, int(float64(len(samples)-1)*longer))
	for i := range out {
		at, share := math.Modf(float64(i) / longer)
		a, b := samples[int(at)], samples[min(int(at)+1, len(samples)-1)]
		out[i] = louder * (a + (b-a)*share)
	}
	return out
}

func asWAV(track []float64) *File {
	size := uint32(len(track))
	le := binary.LittleEndian
	b := make([]byte, 0, 44+len(track)+1)
	b = le.AppendUint32(append(b, "RIFF"...), 36+size+size%2)
	b = le.AppendUint32(append(b, "WAVEfmt "...), 16)
	b = le.AppendUint16(le.AppendUint16(b, 1), 1)                   // PCM, one channel
	b = le.AppendUint32(le.AppendUint32(b, sampleRate), sampleRate) // samples and bytes a second
	b = le.AppendUint16(le.AppendUint16(b, 1), 8)                   // bytes and bits of a sample
	b = le.AppendUint32(append(b, "data"...), size)
	for _, s := range track {
		b = append(b, byte(128+math.Round(max(-128, min(127, s)))))
	}
	if size%2 == 1 {
		b = append(b, 0)
	}
	return &File{Type: "audio/wav", Data: b}
}
