package challenge_test

import (
	"math"
	"strconv"
	"testing"

	"signet/internal/challenge"
	"signet/internal/challenge/challengetest"
	"signet/internal/fault"
	"signet/internal/handle"
)

// solve asks for a slider, looks at it as a machine, and answers.
func (h *house) solve(t testing.TB, v challenge.Visit) (bool, error) {
	t.Helper()
	p, err := h.Ask(t.Context(), v, "")
	if err != nil {
		return false, err
	}
	var drawn [2][]byte
	for i, name := range []string{challenge.Picture, challenge.Piece} {
		f, err := h.Draw(t.Context(), v.Flow, p.ID, challenge.Drawing{Name: name})
		if err != nil {
			return false, err
		}
		drawn[i] = f.Data
	}
	at, err := challengetest.Slider(drawn[0], drawn[1])
	if err != nil {
		return false, err
	}
	return h.Answer(t.Context(), v, p.ID, strconv.Itoa(at))
}

// TestEdgeMatchingSolvesTheSliderAndTheLimitsHold does not pretend that the
// slider stops a machine: one that was written for it solves it, and gets no
// farther than the limit of its network.
func TestEdgeMatchingSolvesTheSliderAndTheLimitsHold(t *testing.T) {
	h := open(t, challenge.Slider)
	h.guard.network.Max = 20
	solved, refused := 0, 0
	for range 30 {
		v := newVisit() // a new flow each time, as a machine would have
		ok, err := h.solve(t, v)
		switch {
		case fault.Is(err, fault.Limited):
			refused++
		case err != nil:
			t.Fatal(err)
		case ok:
			solved++
		}
	}
	t.Logf("edge matching solves %d of %d", solved, h.guard.looked.Load())
	if looked := h.guard.looked.Load(); looked != h.guard.network.Max || solved > int(looked) || refused != 10 {
		t.Errorf("%d looked at, %d solved, %d refused", looked, solved, refused)
	}
}

func TestAThousandGuessesAtOnceEvaluateNoMoreThanTheLimit(t *testing.T) {
	for _, kind := range []challenge.Kind{challenge.Slider, challenge.Characters} {
		t.Run(string(kind), func(t *testing.T) {
			h, v := open(t, kind), newVisit()
			h.guard.flow.Max, h.guard.asks.Max = 10, 2000
			ids := make([]string, 1000)
			for i := range ids {
				ids[i] = h.ask(t, v, "").ID
			}
			together(t, len(ids), func(i int) (bool, error) {
				// One place for all: a guess that is right ends the guessing.
				return h.Answer(t.Context(), v, ids[i], "999999")
			})
			if n := h.guard.looked.Load(); n != 10 {
				t.Errorf("%d guesses were looked at, want 10", n)
			}
		})
	}
}

func TestOfManyAnswersToOnePuzzleOneIsLookedAt(t *testing.T) {
	h, v := open(t, challenge.Slider), newVisit()
	h.guard.flow.Max = 1000
	p := h.ask(t, v, "")
	// All places, tried at once: of 401, some 20 are right, but one is looked at.
	right := together(t, challenge.SliderMost+1, func(i int) (bool, error) {
		return h.Answer(t.Context(), v, p.ID, strconv.Itoa(i))
	})
	solved, err := h.Solved(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	// Who asks after it was solved is told so, whatever he sends.
	if !solved && right > 0 {
		t.Errorf("%d answers were right, and nothing is solved", right)
	}
	spent := together(t, 50, func(int) (bool, error) { return h.Spend(t.Context(), v) })
	if want := map[bool]int64{true: 1, false: 0}[solved]; spent != want {
		t.Errorf("spent %d times, want %d", spent, want)
	}
}

func TestDrawingsAreForTheirFlowWhileThePuzzleIsOpen(t *testing.T) {
	h, v := open(t, challenge.Characters), newVisit()
	p := h.ask(t, v, "")
	see := func(flow, id, name string, want fault.Kind) {
		t.Helper()
		_, err := h.Draw(t.Context(), flow, id, challenge.Drawing{Name: name})
		if fault.KindOf(err) != want {
			t.Errorf("Draw %s = %v, want %q", name, err, want)
		}
	}
	see(v.Flow, p.ID, challenge.Picture, "")
	see(v.Flow, p.ID, challenge.Sound, "")
	see(v.Flow, p.ID, challenge.Piece, fault.NotFound)
	see(newVisit().Flow, p.ID, challenge.Picture, fault.NotFound)
	see(v.Flow, handle.New(), challenge.Picture, fault.NotFound)
	h.answer(t, v, p.ID, "1", false)
	see(v.Flow, p.ID, challenge.Picture, fault.NotFound)
	see(v.Flow, h.ask(t, v, challenge.Work).ID, challenge.Picture, fault.NotFound)
}

func TestAPersonMayChooseWhatNeedsNoEyes(t *testing.T) {
	h, v := open(t, challenge.Slider), newVisit()
	for wanted, want := range map[challenge.Kind]challenge.Kind{
		"": challenge.Slider, challenge.Work: challenge.Work, challenge.Characters: challenge.Characters,
		challenge.None: challenge.Slider, "1": challenge.Slider, challenge.Slider: challenge.Slider,
	} {
		if p := h.ask(t, v, wanted); p.Kind != want {
			t.Errorf("asked for %q, got %q", wanted, p.Kind)
		}
	}
}

// TestAMachineThatHearsReadsMostDigits says what the spoken version is worth
// against a machine that has the recordings: little. The limits are the bound.
func TestAMachineThatHearsReadsMostDigits(t *testing.T) {
	const tries = 16
	right := 0
	for i := range tries {
		s := secretOf(i)
		heard, err := challengetest.Ear(draw(t, challenge.Characters, s, challenge.Drawing{Name: challenge.Sound, Lang: "en"}))
		if err != nil {
			t.Fatal(err)
		}
		if heard == challenge.DigitsOf(s) {
			right++
		}
	}
	t.Logf("the ear is right in %d of %d", right, tries)
	if right < tries/4 {
		t.Error("the ear is too dull for the tests that rely on it, or the digits can no longer be understood")
	}
}

// TestANaiveEyeReadsFewPictures splits pictures into as many columns as there
// are digits, and takes for each the digit whose pictures it resembles most, by
// what it learnt from others.
func TestANaiveEyeReadsFewPictures(t *testing.T) {
	const cells = 8 * 12
	look := func(s challenge.Secret) [6][cells]float64 {
		img := decode(t, draw(t, challenge.Characters, s, challenge.Drawing{Name: challenge.Picture}))
		b := img.Bounds()
		ink := func(x, y int) bool { r, _, _, _ := img.At(x, y).RGBA(); return r < 0x8000 }
		rows, box := func(x int) (n int) {
			for y := range b.Dy() {
				if ink(x, y) {
					n++
				}
			}
			return n
		}, [2]int{b.Dx(), 0}
		for x := range b.Dx() {
			if rows(x) > 9 { // more than the line through all digits
				box[0], box[1] = min(box[0], x), max(box[1], x+1)
			}
		}
		var seen [6][cells]float64
		for x := box[0]; x < box[1]; x++ {
			at := float64(x-box[0]) * 6 / float64(box[1]-box[0])
			for y := range b.Dy() {
				if ink(x, y) {
					seen[int(at)][int((at-math.Floor(at))*8)*12+y*12/b.Dy()]++
				}
			}
		}
		return seen
	}
	var learnt [10][cells]float64
	for n := range 100 {
		s := secretOf(n)
		for i, seen := range look(s) {
			for c, v := range seen {
				learnt[challenge.DigitsOf(s)[i]-'0'][c] += v
			}
		}
	}
	const tries = 50
	right, digits := 0, 0
	for n := range tries {
		s, read := secretOf(1000+n), ""
		for _, seen := range look(s) {
			best, most := 0, -1.0
			for d := range learnt {
				along, length := 0.0, 0.0
				for c, v := range learnt[d] {
					along, length = along+v*seen[c], length+v*v
				}
				if alike := along / math.Sqrt(length); alike > most {
					best, most = d, alike
				}
			}
			read += strconv.Itoa(best)
		}
		for i := range read {
			if read[i] == challenge.DigitsOf(s)[i] {
				digits++
			}
		}
		if read == challenge.DigitsOf(s) {
			right++
		}
	}
	t.Logf("the eye is right in %d of %d, and in %d of %d digits", right, tries, digits, 6*tries)
	if right > tries/4 {
		t.Error("a few lines of code read the pictures")
	}
}
