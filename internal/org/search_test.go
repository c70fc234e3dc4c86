package org

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestQueries(t *testing.T) {
	ada := []string{"Ada Lovelace", "countess@example.com"}
	for typed, fits := range map[string]bool{
		"": true, "  ": true, "ada": true, "LOVE": true, "lovelace ada": true, "Áda": true, "countess@": true, "ada example": true,
		"ada@": false, "adalovelace": false, "ada zoë": false, "lovelace\nada": true,
	} {
		if got := queryOf(typed).fits(ada...); got != fits {
			t.Errorf("%q: %v", typed, got)
		}
	}
	for typed, name := range map[string]string{"zoe": "Zoë", "Zoë": "zoe", "عاصم": "عَاصِم", "ada": "ＡＤＡ", "istanbul": "İstanbul"} {
		if !queryOf(typed).fits(name) {
			t.Errorf("%q does not find %q", typed, name)
		}
	}
	if q := queryOf(strings.Repeat("ä", 1000)); len(q) != 1 || len(q[0]) != LongestQuery/2 {
		t.Errorf("a long one: %q", q)
	}
}

// TestSearchIsBounded: it reads so much for one page, says where it goes on, and
// meets everybody once on the way.
func TestSearchIsBounded(t *testing.T) {
	const many = 3*mostSearched + 7
	at := func(i int) string { return fmt.Sprintf("%06d", i) }
	look := func(typed, after string, limit int) (found []string, next string, looked int) {
		q := queryOf(typed)
		found, next, err := search(q, after, limit, func(after string, limit int) (some []string, err error) {
			first := 0
			if after != "" {
				if _, err := fmt.Sscanf(after, "%d", &first); err != nil {
					return nil, err
				}
				first++
			}
			for i := first; i < min(first+limit, many); i++ {
				some = append(some, at(i))
			}
			looked += len(some)
			return some, nil
		}, func(s string) string { return s }, func(s string) bool { return q.fits(s) })
		if err != nil {
			t.Fatal(err)
		}
		return found, next, looked
	}
	for _, c := range []struct {
		typed       string
		limit, want int
		atMost      int // of pages
	}{
		{"", 500, many, 31}, {"nothing", 50, 0, 4}, {"0014999", 50, 0, 4}, {"014999", 50, 1, 4}, {"77", 50, 375, 9},
	} {
		seen, pages := map[string]bool{}, 0
		for after, more := "", true; more; pages++ {
			found, next, looked := look(c.typed, after, c.limit)
			if len(found) > c.limit || looked > mostSearched {
				t.Fatalf("%q: found %d, looked at %d", c.typed, len(found), looked)
			}
			for _, one := range found {
				if seen[one] {
					t.Errorf("%q finds %s twice", c.typed, one)
				}
				seen[one] = true
			}
			after, more = next, next != ""
		}
		if len(seen) != c.want || pages > c.atMost {
			t.Errorf("%q: %d on %d pages, want %d on %d", c.typed, len(seen), pages, c.want, c.atMost)
		}
	}
	broken := errors.New("no store")
	if _, _, err := search(nil, "", 5, func(string, int) ([]int, error) { return nil, broken }, func(int) string { return "" }, func(int) bool { return true }); err != broken {
		t.Error(err)
	}
}

// FuzzQueries: whatever is typed, its own text has all of its words.
func FuzzQueries(f *testing.F) {
	for _, typed := range []string{"", "Ada Lovelace", "ÁDA\x00", "\xff\xfe", "İıẞß", "ｆｕｌｌ", "عَاصِم", strings.Repeat("ä ", 60)} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		q := queryOf(typed)
		if len(typed) <= LongestQuery && !q.fits("before", typed) {
			t.Errorf("%q does not fit itself: %q", typed, q)
		}
		if len(q) > LongestQuery {
			t.Errorf("%d words", len(q))
		}
	})
}
