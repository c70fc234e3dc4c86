// Package fault is the one error type of Signet.
//
// A fault has a kind, that says what a caller may do about it; a public
// message, that may be shown to a stranger; a field, when one input is to
// blame; and a private cause, that only logs see. Anything that is not a fault
// is "internal" and shows nothing of itself. There are three translations to
// the outside (pages, OAuth JSON, problem details), and none of them lives
// here: this package knows neither HTTP nor a store.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Kind says what a caller may do about an error.
type Kind string

// The kinds, from the caller's mistakes to ours.
const (
	Invalid         Kind = "invalid"         // the input is wrong: correct it
	Unauthenticated Kind = "unauthenticated" // who is asking is not known
	Forbidden       Kind = "forbidden"       // known, but not allowed
	NotFound        Kind = "not_found"       // no such thing, or not for this caller
	Conflict        Kind = "conflict"        // it exists already, or was changed meanwhile
	Expired         Kind = "expired"         // it was there and its time is over, or it was used
	Limited         Kind = "limited"         // too often: wait
	Unavailable     Kind = "unavailable"     // a store or a peer does not answer: try again
	Internal        Kind = "internal"        // our mistake
)

// Error is a failure with a public and a private side.
type Error struct {
	Kind    Kind
	Message string // one sentence that may be shown to anybody
	Field   string // the input that is to blame, or ""
	Cause   error  // never shown, only logged
}

// New returns a fault of the kind with a public message.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns a fault of the kind that keeps its cause for the log.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// On names the input that is to blame and returns the same fault.
func (e *Error) On(field string) *Error {
	e.Field = field
	return e
}

// Error gives the whole story, for logs; the public part is Message.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Kind, e.Message, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Kind, e.Message)
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the kind of the first fault in the chain of err. An error
// without one is Internal, but for a deadline, which is Unavailable: the store
// or peer that was asked did not answer in time.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.DeadlineExceeded):
		return Unavailable
	default:
		return Internal
	}
}

// Is reports whether err is a fault of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// All returns the errors that are joined in err, which may be several faults of one
// input, or err alone.
func All(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return several.Unwrap()
	}
	return []error{err}
}

// Public returns the sentence that may be shown for err.
func Public(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Kind != Internal {
		return e.Message
	}
	if KindOf(err) == Unavailable {
		return "The service is not reachable at the moment. Please try again shortly."
	}
	return "Something went wrong on our side."
}
