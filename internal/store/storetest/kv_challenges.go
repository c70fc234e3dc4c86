package storetest

import (
	"reflect"
	"testing"
	"time"

	"signet/internal/challenge"
	"signet/internal/store/kv"
)

// Challenges holds the store of puzzles on a backend to what challenge.Store
// says.
func Challenges(t *testing.T, open KVOpener) {
	cases := []struct {
		name string
		test func(t *testing.T, b KVStore, s challenge.Store)
	}{
		{"A puzzle is there until it is taken, or its time is over", puzzleLife},
		{"Of many answers to one puzzle one is looked at", puzzleRace},
		{"What was solved is remembered for its flow and purpose, and spent once", solvedLife},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			c.test(t, b, kv.NewChallenges(b.Backend))
		})
	}
}

func newPuzzle() *challenge.Open {
	return &challenge.Open{Flow: "f1", Purpose: challenge.SignUp, Kind: challenge.Slider, Secret: challenge.Secret{0, 1, 254, 255}}
}

func puzzleLife(t *testing.T, b KVStore, s challenge.Store) {
	ctx, p := t.Context(), newPuzzle()
	want := func(what string, got, want *challenge.Open, err error) {
		t.Helper()
		must(t, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %+v, want %+v", what, got, want)
		}
	}
	got, err := s.TakePuzzle(ctx, "never")
	want("TakePuzzle", got, nil, err)
	wantTrips(t, b, 1, "PutPuzzle", func() error { return s.PutPuzzle(ctx, "k1", p, time.Minute) })
	got, err = s.Puzzle(ctx, "k1")
	want("Puzzle", got, p, err)
	wantTrips(t, b, 1, "TakePuzzle", func() error { got, err = s.TakePuzzle(ctx, "k1"); return err })
	want("TakePuzzle", got, p, err)
	got, err = s.Puzzle(ctx, "k1")
	want("Puzzle", got, nil, err)

	must(t, s.PutPuzzle(ctx, "k2", p, 150*time.Millisecond))
	b.Pass(200 * time.Millisecond)
	got, err = s.TakePuzzle(ctx, "k2")
	want("TakePuzzle", got, nil, err)
}

func puzzleRace(t *testing.T, b KVStore, s challenge.Store) {
	nodes := [2]challenge.Store{s, kv.NewChallenges(b.Peer)}
	for _, key := range []string{"r1", "r2", "r3", "r4", "r5"} {
		must(t, s.PutPuzzle(t.Context(), key, newPuzzle(), time.Minute))
		if won := race(t, func(i int) (bool, error) {
			p, err := nodes[i%2].TakePuzzle(t.Context(), key)
			return p != nil, err
		}); won != 1 {
			t.Errorf("%d answers were looked at", won)
		}
	}
}

func solvedLife(t *testing.T, b KVStore, s challenge.Store) {
	ctx := t.Context()
	want := func(flow string, p challenge.Purpose, want bool) {
		t.Helper()
		if got, err := s.Solved(ctx, flow, p); err != nil || got != want {
			t.Errorf("Solved(%s, %s) = %t, %v", flow, p, got, err)
		}
	}
	want("f1", challenge.SignUp, false)
	must(t, s.PutSolved(ctx, "f1", challenge.SignUp, time.Minute))
	want("f1", challenge.SignUp, true)
	want("f1", challenge.Recover, false)
	want("f2", challenge.SignUp, false)
	nodes := [2]challenge.Store{s, kv.NewChallenges(b.Peer)}
	if won := race(t, func(i int) (bool, error) { return nodes[i%2].TakeSolved(ctx, "f1", challenge.SignUp) }); won != 1 {
		t.Errorf("%d forms were accepted", won)
	}
	want("f1", challenge.SignUp, false)
	must(t, s.PutSolved(ctx, "f1", challenge.SignUp, 150*time.Millisecond))
	b.Pass(200 * time.Millisecond)
	want("f1", challenge.SignUp, false)
}
