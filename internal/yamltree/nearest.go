package yamltree

import "strings"

// Nearest returns the candidate that name was probably meant to be, or "" when
// none is near. Case and the difference between dot, dash and underscore do not
// count, so redis_url finds redis.url; what is no secret is found without the
// ending for a file.
func Nearest(name string, candidates []string) string {
	// No name of ours is so long, and the time grows with the square.
	if len(name) > 64 {
		return ""
	}
	best, bestDistance := "", max(2, len(name)/4)+1
	for _, candidate := range candidates {
		// What has no letter in common is not near, however short it is.
		if d := distance(plain(name), plain(candidate)); d < bestDistance && d < max(len(name), len(candidate)) {
			best, bestDistance = candidate, d
		}
	}
	if stem, found := strings.CutSuffix(plain(name), "_file"); found && best == "" {
		return Nearest(stem, candidates)
	}
	return best
}

// plain spells a name so that only its letters and words count.
func plain(name string) string {
	return strings.NewReplacer(".", "_", "-", "_").Replace(strings.ToLower(name))
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour that make b of a (optimal string alignment).
func distance(a, b string) int {
	before, previous, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous, row = previous, row, before
	}
	return previous[len(b)]
}
