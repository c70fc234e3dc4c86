// Package challenge asks who fills in a form to do something that is dear to a
// machine, so that a script cannot make accounts or ask for codes by the
// thousand. It is never the only bound: every limit holds when all challenges
// are solved by machines.
//
//	Ask ──> Puzzle ──shown by a page──> Answer ──right──> solved ──form accepted──> Spend
//	                                      │
//	                                      └──wrong──> used up: Ask again
//
// A puzzle belongs to one flow and one purpose, and is answered once. What was
// solved is remembered for the flow until it is spent, so that a form that
// comes back for another fault does not ask again. Nothing that leaves the
// house holds an answer: picture and answer both follow from a secret that is
// kept here.
//
// The package knows neither HTTP nor a store; what it needs of them are the
// interfaces Store and Guard.
package challenge

import (
	"context"
	"crypto/rand"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"signet/internal/fault"
	"signet/internal/handle"
)

// Kind is a kind of challenge.
type Kind string

// The kinds. None is no challenge at all.
const (
	None       Kind = "none"
	Slider     Kind = "slider"     // drag a piece to its place
	Characters Kind = "characters" // read a picture, or hear it
	Work       Kind = "pow"        // proof of work: a browser computes
)

// Purpose is the journey that a challenge stands before. One that was solved
// for the one is not solved for the other.
type Purpose string

// The purposes.
const (
	SignUp  Purpose = "sign-up"
	Recover Purpose = "recover"
)

// How long things live.
const (
	puzzleLife = 10 * time.Minute // from the asking to the answer
	solvedLife = 30 * time.Minute // from the answer to the form that is accepted
)

// Visit is who is asked, and for what.
type Visit struct {
	Flow    string // key of the flow
	Purpose Purpose
	IP      string // of the visitor, for the limits
}

// Puzzle is a challenge as it is shown. It never holds the answer.
type Puzzle struct {
	ID   string // the handle that its answer names
	Kind Kind
	Task Task
}

// Task is what a browser that computes needs to know: see work.
type Task struct {
	Salt  string
	Parts int
	Bits  int // of zeros that each part's digest begins with
}

// Open is a puzzle as it is kept until it is answered.
type Open struct {
	Flow    string  `json:"flow"`
	Purpose Purpose `json:"purpose"`
	Kind    Kind    `json:"kind"`
	Secret  Secret  `json:"secret"`
}

// Secret is what a puzzle is made from: its picture, its place, its answer.
type Secret []byte

// Store keeps open puzzles and what was solved. Keys are hashes of handles.
type Store interface {
	// PutPuzzle keeps an open puzzle for so long.
	PutPuzzle(ctx context.Context, key string, o *Open, life time.Duration) error
	// Puzzle returns the open puzzle, or nil.
	Puzzle(ctx context.Context, key string) (*Open, error)
	// TakePuzzle removes the puzzle and returns it to exactly one of several
	// callers; nil to the others.
	TakePuzzle(ctx context.Context, key string) (*Open, error)
	// PutSolved remembers for so long that the flow solved a puzzle of the purpose.
	PutSolved(ctx context.Context, flow string, p Purpose, life time.Duration) error
	// Solved reports whether it is remembered.
	Solved(ctx context.Context, flow string, p Purpose) (bool, error)
	// TakeSolved forgets it, and reports to exactly one caller that it was there.
	TakeSolved(ctx context.Context, flow string, p Purpose) (bool, error)
}

// Guard bounds what strangers make the house do. Its errors are of kind Limited.
type Guard interface {
	// Ask counts one more puzzle that is made for the visit; other: of another
	// kind than its purpose has.
	Ask(ctx context.Context, v Visit, other bool) error
	// Answer counts one more answer, before it is looked at.
	Answer(ctx context.Context, v Visit) error
}

// Maker is a kind of puzzle. To add one, write a Maker and name it in
// makers; the page that shows it is package view's.
type Maker interface {
	// Task returns what the browser must know beside the drawings.
	Task(s Secret) Task
	// Draw makes one drawing of the puzzle; nil: it has none of that name.
	Draw(s Secret, d Drawing) (*File, error)
	// Check reports whether a stranger's answer, of at most maxAnswer bytes,
	// solves the puzzle.
	Check(s Secret, answer string) bool
}

// Settings say which puzzles there are.
type Settings struct {
	Kinds    map[Purpose]Kind // a purpose without one has no challenge
	WorkBits int              // a proof of work is worth 2 to this power of hashes
}

// Service makes puzzles and checks answers.
type Service struct {
	store   Store
	guard   Guard
	kinds   map[Purpose]Kind
	makers  map[Kind]Maker
	drawing chan struct{} // bounds the pictures that are drawn at once
	drawn   *lru.Cache[drawnKey, *File]
}

// NewService returns the service on the store.
func NewService(store Store, guard Guard, o Settings) *Service {
	drawn, _ := lru.New[drawnKey, *File](drawnKept) // fails for sizes below 1 only
	return &Service{
		store: store, guard: guard, kinds: o.Kinds, makers: makers(o.WorkBits),
		drawing: make(chan struct{}, drawersAtOnce()), drawn: drawn,
	}
}

// makers are all kinds of puzzles.
func makers(workBits int) map[Kind]Maker {
	return map[Kind]Maker{Slider: slider{}, Characters: characters{}, Work: work{bits: workBits}}
}

// Asks reports whether the purpose has a challenge before it.
func (s *Service) Asks(p Purpose) bool { return s.kinds[p] != None && s.kinds[p] != "" }

// Ask makes a puzzle for the visit: of the kind wanted where a person may
// choose it, or else of the purpose's own. Proof of work and characters, which
// can be heard, may be chosen by everybody: neither needs eyes. A machine chooses
// what is cheapest for it, so that those who choose have a limit of their own,
// which few people meet.
func (s *Service) Ask(ctx context.Context, v Visit, wanted Kind) (*Puzzle, error) {
	kind := s.kinds[v.Purpose]
	if wanted == Work || wanted == Characters {
		kind = wanted
	}
	maker := s.makers[kind]
	if maker == nil {
		return nil, fault.New(fault.Internal, "no challenge of kind %q can be made", kind)
	}
	if err := s.guard.Ask(ctx, v, kind != s.kinds[v.Purpose]); err != nil {
		return nil, err
	}
	id, secret := handle.New(), make(Secret, 32)
	rand.Read(secret) // never fails: crypto/rand ends the program instead
	open := &Open{Flow: v.Flow, Purpose: v.Purpose, Kind: kind, Secret: secret}
	if err := s.store.PutPuzzle(ctx, handle.Sum(id), open, puzzleLife); err != nil {
		return nil, err
	}
	return &Puzzle{ID: id, Kind: kind, Task: maker.Task(secret)}, nil
}

// maxAnswer bounds what is looked at, in bytes; a proof of work is the longest.
const maxAnswer = 512

// Answer reports whether the visit's challenge is solved: by the answer, which
// uses up the puzzle, or by one before it. Only an answer that names a puzzle
// counts as a try.
func (s *Service) Answer(ctx context.Context, v Visit, id, answer string) (bool, error) {
	if !s.Asks(v.Purpose) {
		return true, nil
	}
	if solved, err := s.store.Solved(ctx, v.Flow, v.Purpose); err != nil || solved {
		return solved, err
	}
	if !handle.Valid(id) || answer == "" || len(answer) > maxAnswer {
		return false, nil
	}
	if err := s.guard.Answer(ctx, v); err != nil {
		return false, err
	}
	open, err := s.store.TakePuzzle(ctx, handle.Sum(id))
	if err != nil || open == nil {
		return false, err
	}
	maker := s.makers[open.Kind]
	if open.Flow != v.Flow || open.Purpose != v.Purpose || maker == nil || !maker.Check(open.Secret, answer) {
		return false, nil
	}
	return true, s.store.PutSolved(ctx, v.Flow, v.Purpose, solvedLife)
}

// Solved reports whether the visit's challenge is solved and not spent yet.
func (s *Service) Solved(ctx context.Context, v Visit) (bool, error) {
	if !s.Asks(v.Purpose) {
		return true, nil
	}
	return s.store.Solved(ctx, v.Flow, v.Purpose)
}

// Spend uses up what was solved, when the form it stood before is accepted. Of
// several callers at once it is true to one.
func (s *Service) Spend(ctx context.Context, v Visit) (bool, error) {
	if !s.Asks(v.Purpose) {
		return true, nil
	}
	return s.store.TakeSolved(ctx, v.Flow, v.Purpose)
}
