package challenge_test

import (
	"image"
	"image/color"
	"strconv"
	"testing"

	"signet/internal/challenge"
	"signet/internal/fault"
	"signet/internal/handle"
)

// brightness is that of the pixel, from 0 to 255.
func brightness(img image.Image, x, y int) float64 {
	return float64(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y)
}

// solveSlider finds the gap as a machine would that was told how the picture is
// made: at which place is there the largest step of brightness all along the
// outline of the piece?
func solveSlider(t testing.TB, scene, piece image.Image) int {
	t.Helper()
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
	for at := range challenge.SliderMost + 1 {
		if step := mean(outer, at) - mean(inner, at); step > most {
			best, most = at, step
		}
	}
	return best
}

// solve asks for a slider, looks at it as a machine, and answers.
func (h *house) solve(t testing.TB, v challenge.Visit) (bool, error) {
	t.Helper()
	p, err := h.Ask(t.Context(), v, "")
	if err != nil {
		return false, err
	}
	var drawn [2]image.Image
	for i, name := range []string{challenge.Picture, challenge.Piece} {
		f, err := h.Draw(t.Context(), v.Flow, p.ID, challenge.Drawing{Name: name})
		if err != nil {
			return false, err
		}
		drawn[i] = decode(t, f.Data)
	}
	return h.Answer(t.Context(), v, p.ID, strconv.Itoa(solveSlider(t, drawn[0], drawn[1])))
}

// TestEdgeMatchingSolvesTheSliderAndTheLimitsHold does not pretend that the
// slider stops a machine: one that was written for it solves it, and gets no
// farther than the limit of its network.
func TestEdgeMatchingSolvesTheSliderAndTheLimitsHold(t *testing.T) {
	h := open(t, challenge.Slider)
	h.guard.network.Max = 30
	solved, refused := 0, 0
	for range 60 {
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
	if looked := h.guard.looked.Load(); looked != h.guard.network.Max || solved > int(looked) || refused != 30 {
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
