package challenge

import (
	"crypto/sha256"
	"encoding/hex"
	"math/bits"
	"strconv"
	"strings"
)

// work is proof of work: for each of its parts, the browser looks for a number
// such that
//
//	SHA-256(salt ":" part ":" number)
//
// begins with so many bits of zero; the answer is the numbers, with dots
// between. Many small parts take about the same time for everybody, where one
// large one takes a lucky browser no time and an unlucky one five times the
// usual, and they let the page say how far it is. It is hashcash, which needs
// no library on either side.
type work struct {
	bits int // of the whole: 2 to this power of hashes are expected
}

// workParts is how many parts there are: 2 to the power of workPartBits.
const (
	workPartBits = 4
	workParts    = 1 << workPartBits
)

// Task implements Maker.
func (w work) Task(s Secret) Task {
	return Task{Salt: saltOf(s), Parts: workParts, Bits: max(0, w.bits-workPartBits)}
}

// saltOf is public; the secret is not read from it, although for this kind it
// would tell nothing.
func saltOf(s Secret) string {
	sum := sha256.Sum256(s)
	return hex.EncodeToString(sum[:16])
}

// Draw implements Maker: there is nothing to see.
func (work) Draw(Secret, Drawing) (*File, error) { return nil, nil }

// Check implements Maker.
func (w work) Check(s Secret, answer string) bool {
	numbers := strings.Split(answer, ".")
	if len(numbers) != workParts {
		return false
	}
	task := w.Task(s)
	for part, number := range numbers {
		n, err := strconv.ParseUint(number, 10, 53) // what JavaScript counts to
		if err != nil || zeros(digestOf(task.Salt, part, n)) < task.Bits {
			return false
		}
	}
	return true
}

func digestOf(salt string, part int, n uint64) [sha256.Size]byte {
	b := make([]byte, 0, 64)
	b = append(b, salt...)
	b = append(b, ':')
	b = strconv.AppendInt(b, int64(part), 10)
	b = append(b, ':')
	return sha256.Sum256(strconv.AppendUint(b, n, 10))
}

// zeros counts the bits of zero that the digest begins with.
func zeros(digest [sha256.Size]byte) int {
	n := 0
	for _, b := range digest {
		n += bits.LeadingZeros8(b)
		if b != 0 {
			break
		}
	}
	return n
}
