package challenge

// WorkZeros is what a browser that computes looks at.
func WorkZeros(salt string, part int, n uint64) int { return zeros(digestOf(salt, part, n)) }
