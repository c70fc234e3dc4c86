package challengetest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// Work does the work, as the script of a page does: for each part, a number
// whose digest begins with so many bits of zero.
func Work(salt string, parts, bits int) string {
	var numbers []string
	for part := range parts {
		for n := 0; ; n++ {
			sum := sha256.Sum256(fmt.Appendf(nil, "%s:%d:%d", salt, part, n))
			if binary.BigEndian.Uint32(sum[:])>>(32-bits) == 0 {
				numbers = append(numbers, fmt.Sprint(n))
				break
			}
		}
	}
	return strings.Join(numbers, ".")
}
