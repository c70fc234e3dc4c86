package org

import (
	"context"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Bounds of a search, which reads a list in its own order, by an index: what it
// costs depends on the size of that list, and on nothing else in the house.
const (
	LongestQuery = 100 // in bytes; of what is longer the beginning counts

	searchedAtOnce = 100   // in one statement; of many more a planner would rather read all accounts
	mostSearched   = 5_000 // for one page; after them it can go on
)

// query is what somebody typed to find people in a list: its words.
type query []string

// queryOf takes the words of what was typed.
func queryOf(typed string) query {
	if len(typed) > LongestQuery {
		typed = strings.ToValidUTF8(typed[:LongestQuery], "")
	}
	return strings.Fields(folded(typed))
}

// fits reports whether each word is somewhere in the texts.
func (q query) fits(texts ...string) bool {
	if len(q) == 0 {
		return true
	}
	text := folded(strings.Join(texts, "\n"))
	for _, word := range q {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// folded is the text without what people leave out when they search: capital
// letters and accents.
func folded(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(text))
}

// search returns up to limit of those in a list that fit, in its order from after
// on, and where the search goes on; "": there is nothing more. It may find fewer,
// or none, and go on: it had looked at as many as it may. read reads the list, of
// which id is the order.
func search[T any](q query, after string, limit int, read func(after string, limit int) ([]T, error), id func(T) string, fits func(T) bool) (found []T, next string, err error) {
	atOnce := searchedAtOnce
	if len(q) == 0 { // all fit: one more tells whether there are more
		atOnce = limit + 1
	}
	for range mostSearched / searchedAtOnce {
		some, err := read(after, atOnce)
		if err != nil {
			return nil, "", err
		}
		for _, one := range some {
			if fits(one) {
				if len(found) == limit {
					return found, after, nil
				}
				found = append(found, one)
			}
			after = id(one)
		}
		if len(some) < atOnce {
			return found, "", nil
		}
	}
	return found, after, nil
}

// FindMembers returns up to limit members in whose name or address each word of
// what was typed is, of all where that is "", whose account ids are greater than
// after; and the after of the next page, or "".
func (s *Service) FindMembers(ctx context.Context, orgID, typed, after string, limit int) ([]*Person, string, error) {
	q := queryOf(typed)
	return search(q, after, limit, func(after string, limit int) ([]*Person, error) {
		return s.store.Members(ctx, orgID, after, limit)
	}, func(p *Person) string { return p.AccountID }, func(p *Person) bool { return q.fits(p.Name, p.Email) })
}
