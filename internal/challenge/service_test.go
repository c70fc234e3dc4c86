package challenge_test

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signet/internal/challenge"
	"signet/internal/challenge/challengetest"
	"signet/internal/fault"
	"signet/internal/handle"
	"signet/internal/limit"
	"signet/internal/store/kv"
	"signet/internal/store/storetest"
)

// house is the service on real stores, with limits as small as a test needs.
type house struct {
	*challenge.Service
	clock *storetest.Clock
	guard *guard
}

// guard bounds answers as the program does, and counts those that are let
// through to be looked at.
type guard struct {
	limiter             *limit.Limiter
	asks, flow, network limit.Rule
	looked              atomic.Int64
}

func (g *guard) take(ctx context.Context, v challenge.Visit, tries ...limit.Try) error {
	pass, err := g.limiter.Take(ctx, netip.MustParseAddr(v.IP), tries...)
	if err == nil && !pass.OK {
		err = fault.New(fault.Limited, "too many")
	}
	return err
}

func (g *guard) Ask(ctx context.Context, v challenge.Visit, _ bool) error {
	return g.take(ctx, v, limit.Try{Rule: g.asks, Who: v.IP})
}

func (g *guard) Answer(ctx context.Context, v challenge.Visit) error {
	err := g.take(ctx, v, limit.Try{Rule: g.flow, Who: v.Flow}, limit.Try{Rule: g.network, Who: v.IP})
	if err == nil {
		g.looked.Add(1)
	}
	return err
}

func open(t testing.TB, kind challenge.Kind) *house {
	clock := storetest.NewClock()
	_, backend := storetest.Embedded(t, clock.Now)
	g := &guard{
		limiter: limit.New(kv.NewCounters(backend), nil, clock.Now),
		asks:    limit.Rule{Journey: "asks", Max: 1200, Window: 15 * time.Minute},
		flow:    limit.Rule{Journey: "flow", Max: 15, Window: 15 * time.Minute},
		network: limit.Rule{Journey: "network", Max: 200, Window: 15 * time.Minute},
	}
	s := challenge.NewService(kv.NewChallenges(backend), g, challenge.Settings{
		Kinds:    map[challenge.Purpose]challenge.Kind{challenge.SignUp: kind, challenge.Recover: kind},
		WorkBits: 8,
	})
	return &house{s, clock, g}
}

func (h *house) ask(t testing.TB, v challenge.Visit, wanted challenge.Kind) *challenge.Puzzle {
	t.Helper()
	p, err := h.Ask(t.Context(), v, wanted)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (h *house) answer(t testing.TB, v challenge.Visit, id, answer string, want bool) {
	t.Helper()
	if ok, err := h.Answer(t.Context(), v, id, answer); err != nil || ok != want {
		t.Errorf("Answer = %t, %v; want %t", ok, err, want)
	}
}

func newVisit() challenge.Visit {
	return challenge.Visit{Flow: handle.Sum(handle.New()), Purpose: challenge.SignUp, IP: "192.0.2.7"}
}

func TestWhatIsSolvedStaysSolvedUntilItIsSpent(t *testing.T) {
	h, v := open(t, challenge.Work), newVisit()
	p := h.ask(t, v, "")
	h.answer(t, v, p.ID, challengetest.Work(p.Task.Salt, p.Task.Parts, p.Task.Bits), true)
	h.answer(t, v, "", "", true)
	h.answer(t, v, p.ID, "wrong", true)
	if h.guard.looked.Load() != 1 {
		t.Errorf("%d answers were looked at", h.guard.looked.Load())
	}
	other := v
	other.Purpose = challenge.Recover
	if ok, err := h.Solved(t.Context(), other); err != nil || ok {
		t.Errorf("solved for another purpose: %t, %v", ok, err)
	}
	spent := together(t, 50, func(int) (bool, error) { return h.Spend(t.Context(), v) })
	if spent != 1 {
		t.Errorf("%d forms were accepted", spent)
	}
	h.answer(t, v, p.ID, challengetest.Work(p.Task.Salt, p.Task.Parts, p.Task.Bits), false)
}

func TestAnAnswerCounts(t *testing.T) {
	stranger := newVisit()
	for name, tc := range map[string]struct {
		change func(v *challenge.Visit, id, answer *string)
		wait   time.Duration
		want   bool
	}{
		"as it was given":   {func(*challenge.Visit, *string, *string) {}, 0, true},
		"in time":           {func(*challenge.Visit, *string, *string) {}, 9 * time.Minute, true},
		"too late":          {func(*challenge.Visit, *string, *string) {}, 11 * time.Minute, false},
		"in another flow":   {func(v *challenge.Visit, _, _ *string) { v.Flow = stranger.Flow }, 0, false},
		"for another end":   {func(v *challenge.Visit, _, _ *string) { v.Purpose = challenge.Recover }, 0, false},
		"to another puzzle": {func(_ *challenge.Visit, id, _ *string) { *id = handle.New() }, 0, false},
		"to no puzzle":      {func(_ *challenge.Visit, id, _ *string) { *id = "" }, 0, false},
		"empty":             {func(_ *challenge.Visit, _, a *string) { *a = "" }, 0, false},
		"endless":           {func(_ *challenge.Visit, _, a *string) { *a += strings.Repeat("0", 1000) }, 0, false},
		"with one part":     {func(_ *challenge.Visit, _, a *string) { *a, _, _ = strings.Cut(*a, ".") }, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			h, v := open(t, challenge.Work), newVisit()
			p := h.ask(t, v, "")
			id, answer := p.ID, challengetest.Work(p.Task.Salt, p.Task.Parts, p.Task.Bits)
			given := v
			tc.change(&given, &id, &answer)
			h.clock.Pass(tc.wait)
			h.answer(t, given, id, answer, tc.want)
			if solved, err := h.Solved(t.Context(), given); err != nil || solved != tc.want {
				t.Errorf("Solved = %t, %v", solved, err)
			}
		})
	}
}

func TestAPuzzleIsAnsweredOnce(t *testing.T) {
	h, v := open(t, challenge.Work), newVisit()
	p := h.ask(t, v, "")
	h.answer(t, v, p.ID, "1.2.3", false)
	h.answer(t, v, p.ID, challengetest.Work(p.Task.Salt, p.Task.Parts, p.Task.Bits), false)
}

func TestAPurposeWithoutAChallengeAsksNothing(t *testing.T) {
	for _, kind := range []challenge.Kind{challenge.None, ""} {
		h, v := open(t, kind), newVisit()
		if h.Asks(challenge.SignUp) {
			t.Error("it asks")
		}
		h.answer(t, v, "", "", true)
		for name, ask := range map[string]func(context.Context, challenge.Visit) (bool, error){"Solved": h.Solved, "Spend": h.Spend} {
			if ok, err := ask(t.Context(), v); err != nil || !ok {
				t.Errorf("%s = %t, %v", name, ok, err)
			}
		}
	}
}

// together runs f many times at once and returns how often it was true. An
// error of kind Limited counts as false.
func together(t *testing.T, many int, f func(i int) (bool, error)) int64 {
	t.Helper()
	var won atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range many {
		wg.Go(func() {
			<-start
			ok, err := f(i)
			if err != nil && !fault.Is(err, fault.Limited) {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	close(start)
	wg.Wait()
	return won.Load()
}
