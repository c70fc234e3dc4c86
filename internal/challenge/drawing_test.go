package challenge_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"image"
	"image/png"
	"slices"
	"strconv"
	"strings"
	"testing"

	"signet/internal/challenge"
)

func newSecret() challenge.Secret {
	s := make(challenge.Secret, 32)
	rand.Read(s)
	return s
}

// secretOf is the secret of that number: what is counted over many puzzles must not
// be otherwise in the next run.
func secretOf(n int) challenge.Secret {
	sum := sha256.Sum256([]byte(strconv.Itoa(n)))
	return sum[:]
}

func draw(t testing.TB, k challenge.Kind, s challenge.Secret, d challenge.Drawing) []byte {
	t.Helper()
	f, err := challenge.NewMaker(k).Draw(s, d)
	if err != nil || f == nil {
		t.Fatalf("Draw %v: %v, %v", d, f, err)
	}
	return f.Data
}

func decode(t testing.TB, data []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestPicturesAreLightAndSayNothingElse looks at the files: what a picture
// holds beside its pixels could hold the answer.
func TestPicturesAreLightAndSayNothingElse(t *testing.T) {
	for _, tt := range []struct {
		kind challenge.Kind
		name string
	}{
		{challenge.Slider, challenge.Picture}, {challenge.Slider, challenge.Piece}, {challenge.Characters, challenge.Picture},
	} {
		t.Run(string(tt.kind)+" "+tt.name, func(t *testing.T) {
			for range 8 {
				s := newSecret()
				light := draw(t, tt.kind, s, challenge.Drawing{Name: tt.name})
				dark := draw(t, tt.kind, s, challenge.Drawing{Name: tt.name, Dark: true})
				if !bytes.Equal(light, draw(t, tt.kind, s, challenge.Drawing{Name: tt.name})) {
					t.Error("the same puzzle is drawn in two ways")
				}
				if len(light) > 32<<10 || bytes.Equal(light, dark) {
					t.Errorf("%d bytes; dark is light: %t", len(light), bytes.Equal(light, dark))
				}
				for rest := light[8:]; len(rest) > 0; {
					size := binary.BigEndian.Uint32(rest)
					if name := string(rest[4:8]); !slices.Contains([]string{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"}, name) {
						t.Errorf("the file has a chunk %q", name)
					}
					rest = rest[12+size:]
				}
			}
		})
	}
}

func TestThePieceFillsTheGap(t *testing.T) {
	for range 8 {
		s := newSecret()
		scene := decode(t, draw(t, challenge.Slider, s, challenge.Drawing{Name: challenge.Picture}))
		piece := decode(t, draw(t, challenge.Slider, s, challenge.Drawing{Name: challenge.Piece}))
		if piece.Bounds().Dy() != scene.Bounds().Dy() || piece.Bounds().Dx()+challenge.SliderMost != scene.Bounds().Dx() {
			t.Fatalf("piece %v, scene %v", piece.Bounds(), scene.Bounds())
		}
		want := challenge.PlaceOf(s)
		check := challenge.NewMaker(challenge.Slider).Check
		for off := -challenge.Tolerance - 1; off <= challenge.Tolerance+1; off++ {
			right := -challenge.Tolerance <= off && off <= challenge.Tolerance
			if at := want + off; check(s, strconv.Itoa(at)) != (right && at <= challenge.SliderMost) {
				t.Errorf("%d of %d: %t", at, want, !right)
			}
		}
	}
}

func TestDigitsAreReadAsPeopleTypeThem(t *testing.T) {
	s := newSecret()
	d := challenge.DigitsOf(s)
	in := func(zero rune) string {
		return strings.Map(func(r rune) rune { return r - '0' + zero }, d)
	}
	check := challenge.NewMaker(challenge.Characters).Check
	for _, typed := range []string{d, " " + d[:3] + " " + d[3:] + " ", d[:2] + "-" + d[2:], in('٠'), in('۰'), in('０'), "\u200e" + d} {
		if !check(s, typed) {
			t.Errorf("%q is refused for %s", typed, d)
		}
	}
	for _, typed := range []string{"", d[:5], d + "0", "x" + d[1:], string(d[5]) + d[:5] + "1", in('०'), "000000000000"} {
		if check(s, typed) {
			t.Errorf("%q is taken for %s", typed, d)
		}
	}
}

func TestDigitsAreSpoken(t *testing.T) {
	s, heard := newSecret(), map[string][]byte{}
	for _, tag := range []string{"en", "ja", "pt-BR", "zh-Hans", "de"} {
		wav := draw(t, challenge.Characters, s, challenge.Drawing{Name: challenge.Sound, Lang: tag})
		if !bytes.Equal(wav, draw(t, challenge.Characters, s, challenge.Drawing{Name: challenge.Sound, Lang: tag})) {
			t.Errorf("%s: spoken in two ways: a browser that asks for parts gets a mixture", tag)
		}
		if string(wav[:4]) != "RIFF" || string(wav[8:12]) != "WAVE" || int(binary.LittleEndian.Uint32(wav[4:])) != len(wav)-8 {
			t.Errorf("%s: no WAVE file: % x", tag, wav[:44])
		}
		if len(wav) < 5*8000 || len(wav) > 24*8000 {
			t.Errorf("%s: %d seconds", tag, len(wav)/8000)
		}
		heard[tag] = wav
	}
	if !bytes.Equal(heard["de"], heard["en"]) || bytes.Equal(heard["ja"], heard["en"]) {
		t.Error("a language without recordings is spoken in English, others are not")
	}
}

// FuzzAnswer holds the readers of strangers' answers to what they are for: the
// few that are right, and no panic.
func FuzzAnswer(f *testing.F) {
	for _, a := range []string{"", "0", "200", "-1", "+200", "1e2", "0x10", "٢٠٠", "123456", "1.2.3", strings.Repeat("0.", 15) + "0", strings.Repeat("9", 400)} {
		f.Add(a)
	}
	s := challenge.Secret(strings.Repeat("s", 32))
	place, digits := challenge.PlaceOf(s), challenge.DigitsOf(s)
	f.Fuzz(func(t *testing.T, answer string) {
		if challenge.NewMaker(challenge.Slider).Check(s, answer) {
			at, err := strconv.Atoi(answer)
			if err != nil || at < place-challenge.Tolerance || at > place+challenge.Tolerance {
				t.Errorf("%q is taken for %d", answer, place)
			}
		}
		if challenge.NewMaker(challenge.Characters).Check(s, answer) && len([]rune(answer)) < len(digits) {
			t.Errorf("%q is taken for %s", answer, digits)
		}
		work := challenge.NewMaker(challenge.Work)
		if work.Check(s, answer) && strings.Count(answer, ".") != work.Task(s).Parts-1 {
			t.Errorf("%q is taken for work", answer)
		}
	})
}

func BenchmarkDraw(b *testing.B) {
	s := newSecret()
	for _, d := range []struct {
		kind challenge.Kind
		name string
	}{
		{challenge.Slider, challenge.Picture}, {challenge.Slider, challenge.Piece},
		{challenge.Characters, challenge.Picture}, {challenge.Characters, challenge.Sound},
	} {
		b.Run(string(d.kind)+"/"+d.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				draw(b, d.kind, s, challenge.Drawing{Name: d.name})
			}
		})
	}
}
