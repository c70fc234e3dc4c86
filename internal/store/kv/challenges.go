package kv

import (
	"context"
	"time"

	"signet/internal/challenge"
)

// Challenges implements challenge.Store.
//
//	puzzle:{key}           a puzzle that waits for its answer
//	solved:{flow}:purpose  the flow solved one
type Challenges struct {
	b Backend
}

var _ challenge.Store = Challenges{}

// NewChallenges returns the store of puzzles on the backend.
func NewChallenges(b Backend) Challenges { return Challenges{b} }

func puzzleKey(key string) string { return "puzzle:{" + key + "}" }

func solvedKey(flow string, p challenge.Purpose) string { return "solved:{" + flow + "}:" + string(p) }

// PutPuzzle keeps an open puzzle for so long.
func (c Challenges) PutPuzzle(ctx context.Context, key string, o *challenge.Open, life time.Duration) error {
	raw, err := encode(o)
	if err != nil {
		return err
	}
	return c.b.Write(ctx, Put(puzzleKey(key), raw, life))
}

// Puzzle returns the open puzzle, or nil.
func (c Challenges) Puzzle(ctx context.Context, key string) (*challenge.Open, error) {
	return load[challenge.Open](ctx, c.b, puzzleKey(key))
}

// TakePuzzle removes the puzzle and returns it to exactly one of several callers.
func (c Challenges) TakePuzzle(ctx context.Context, key string) (*challenge.Open, error) {
	raw, err := c.b.Take(ctx, puzzleKey(key))
	if err != nil {
		return nil, err
	}
	return decode[challenge.Open](raw)
}

// PutSolved remembers for so long that the flow solved a puzzle.
func (c Challenges) PutSolved(ctx context.Context, flow string, p challenge.Purpose, life time.Duration) error {
	return c.b.Write(ctx, Put(solvedKey(flow, p), []byte("solved"), life))
}

// Solved reports whether it is remembered.
func (c Challenges) Solved(ctx context.Context, flow string, p challenge.Purpose) (bool, error) {
	raw, err := c.b.Get(ctx, solvedKey(flow, p))
	return err == nil && raw[0] != nil, err
}

// TakeSolved forgets it, and reports to exactly one caller that it was there.
func (c Challenges) TakeSolved(ctx context.Context, flow string, p challenge.Purpose) (bool, error) {
	raw, err := c.b.Take(ctx, solvedKey(flow, p))
	return raw != nil, err
}
