package challenge

import (
	"context"
	"runtime"

	"signet/internal/fault"
	"signet/internal/handle"
)

// Drawing names one of a puzzle's drawings.
type Drawing struct {
	Name string // Picture, Piece or Sound
	Dark bool   // for a dark page
	Lang string // of what is spoken
}

// The names of drawings.
const (
	Picture = "picture"
	Piece   = "piece" // what is dragged
	Sound   = "sound"
)

// File is a drawing as it is sent.
type File struct {
	Type string // media type
	Data []byte
}

// drawersAtOnce leaves processors to those who sign in.
func drawersAtOnce() int { return max(1, runtime.GOMAXPROCS(0)/2) }

// Draw makes a drawing of the flow's open puzzle. It changes nothing: the same
// puzzle is drawn as often as a browser asks. A fault of kind NotFound says that
// the flow has no such puzzle, or the puzzle no such drawing.
func (s *Service) Draw(ctx context.Context, flow, id string, d Drawing) (*File, error) {
	gone := fault.New(fault.NotFound, "This picture has expired. Ask for another one.")
	if !handle.Valid(id) {
		return nil, gone
	}
	open, err := s.store.Puzzle(ctx, handle.Sum(id))
	if err != nil {
		return nil, err
	}
	if open == nil || open.Flow != flow || s.makers[open.Kind] == nil {
		return nil, gone
	}
	d.Lang = Spoken(d.Lang)
	drawn := drawnKey{id, d}
	if file, ok := s.drawn.Get(drawn); ok {
		return file, nil
	}
	select {
	case s.drawing <- struct{}{}:
		defer func() { <-s.drawing }()
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "The picture could not be drawn in time. Please try again.")
	}
	file, err := s.makers[open.Kind].Draw(open.Secret, d)
	if err == nil && file == nil {
		err = gone
	}
	if err == nil {
		s.drawn.Add(drawn, file)
	}
	return file, err
}

// drawnKept is how many drawings a node remembers, up to about 150 KB each, so
// that who asks for the same again and again, or for a sound in parts, costs no
// work.
const drawnKept = 64

type drawnKey struct {
	id string
	d  Drawing
}
