package device

import (
	"crypto/rand"
	"math/big"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// A user code is eight letters of an alphabet of twenty (RFC 8628 §6.1): no
// vowels, so that no word comes out, and nothing that is mistaken for a digit.
// 20^8 are 34.5 bits, which is enough for the minutes that it lives, behind a
// limit on guesses (§5.1).
const (
	letters = "BCDFGHJKLMNPQRSTVWXZ"
	codeLen = 8
	// maxTyped bounds what is looked at of what was typed, in bytes.
	maxTyped = 100
)

// lookAlikes are characters that are none of a code's, and the letters that are
// read as them.
var lookAlikes = map[rune]rune{'0': 'Q', 'O': 'Q', '1': 'L', 'I': 'L', '2': 'Z', '5': 'S', '6': 'G', '8': 'B', 'U': 'V'}

func newUserCode() string {
	code := make([]byte, codeLen)
	for i := range code {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			panic(err) // crypto/rand never fails
		}
		code[i] = letters[n.Int64()]
	}
	return string(code)
}

// Written is a user code as it is shown: XXXX-XXXX.
func Written(code string) string {
	if len(code) != codeLen {
		return code
	}
	return code[:codeLen/2] + "-" + code[codeLen/2:]
}

// ReadUserCode returns the code that somebody typed: in small letters or
// capitals, wide ones too, with whatever between them that is no letter or
// digit, and with look-alikes. It is false for what can be no code.
func ReadUserCode(typed string) (string, bool) {
	if len(typed) > maxTyped {
		return "", false
	}
	code := make([]byte, 0, codeLen)
	for _, c := range strings.ToUpper(norm.NFKC.String(typed)) {
		if meant, ok := lookAlikes[c]; ok {
			c = meant
		}
		switch {
		case strings.ContainsRune(letters, c):
			code = append(code, byte(c))
		case strings.ContainsRune(between, c):
		default:
			return "", false
		}
		if len(code) > codeLen {
			return "", false
		}
	}
	return string(code), len(code) == codeLen
}

// between is what may stand between the letters: spaces, and the dashes that
// keyboards and writing programs make.
const between = " \t\r\n\u200b\u200e\u200f-_.\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc"
