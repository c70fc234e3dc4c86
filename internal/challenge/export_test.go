package challenge

// What tests know and nobody else: how a puzzle looks from inside.

// PlaceOf is where the slider's piece belongs.
func PlaceOf(s Secret) int { return sceneOf(s).place }

// DigitsOf are those of the picture.
func DigitsOf(s Secret) string {
	text := digitsOf(s)
	for i := range text {
		text[i] += '0'
	}
	return string(text)
}

// Tolerance is how far off the piece may be.
const Tolerance = tolerance

// NewMaker returns the maker of the kind.
func NewMaker(k Kind) Maker { return makers(8)[k] }
