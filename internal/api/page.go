package api

import (
	"encoding/base64"

	"signet/internal/fault"
)

// PageInput is how a page of a list is asked for.
type PageInput struct {
	Cursor string `query:"cursor" maxLength:"200" doc:"The next_cursor of the page before; left out: the first page."`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many a page has at most."`
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next_cursor,omitempty" doc:"Sent as cursor it brings the next page; left out: there is none."`
}

// pageOutput is the answer with one.
type pageOutput[T any] struct{ Body Page[T] }

// paged reads a page: read returns up to limit things that come after the one
// with the key, show says each, and key is its place in the list. One more than
// asked for is read, to know whether there is a next page.
func paged[S, T any](in PageInput, read func(after string, limit int) ([]S, error), show func(S) T, key func(S) string) (*pageOutput[T], error) {
	return searched(in, func(after string, limit int) ([]S, string, error) {
		some, err := read(after, limit+1)
		if err != nil || len(some) <= limit {
			return some, "", err
		}
		return some[:limit], key(some[limit-1]), nil
	}, show)
}

// QueryInput is how a list is searched.
type QueryInput struct {
	Query string `query:"query" maxLength:"100" doc:"Finds those in whose address or name each of its words is, whatever the case and the accents. A page of a search may be short, or empty, and have a next_cursor."`
}

// searched is paged for a list that says itself where the next page begins; "":
// there is none.
func searched[S, T any](in PageInput, read func(after string, limit int) ([]S, string, error), show func(S) T) (*pageOutput[T], error) {
	after, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "cursor is not the next_cursor of a page: leave it out for the first one")
	}
	some, next, err := read(string(after), in.Limit)
	if err != nil {
		return nil, err
	}
	out := &pageOutput[T]{Page[T]{Items: make([]T, 0, len(some)), Next: base64.RawURLEncoding.EncodeToString([]byte(next))}}
	for _, s := range some {
		out.Body.Items = append(out.Body.Items, show(s))
	}
	return out, nil
}
