package account

import (
	"slices"
	"strings"
	"unicode"
)

// personal reports whether the folded password is little more than what a
// stranger can know of the person: a name, the address, or the house. The
// person's words are looked for in any case, without accents, backwards, and
// with letters written as figures.
//
// A good password is not refused because it holds a short name: a word of four
// letters or more counts against it only where fewer than eight characters are
// left without it, and a shorter one only where these are no letters besides.
// Ideographs and syllables say more each, so that two of them are a word.
func personal(text []rune, about []string) bool {
	long, all := wordsOf(about)
	left := without(text, long)
	if len(left) < len(text) && len(left) < enough {
		return true
	}
	left = without(text, all)
	return len(left) < len(text) && len(left) < enough && !slices.ContainsFunc(left, unicode.IsLetter)
}

// wordsOf returns the words of at least two letters, folded, and apart those
// that are long: the words that the texts are made of, and each text and each
// part of an address as a whole.
func wordsOf(about []string) (long, all [][]rune) {
	const most = 64 // words: a name has few, and whoever sends more gains nothing
	add := func(s string) {
		word := oneL(unleet(fold(s), 'i'))
		if len(word) < 2 || len(all) == most {
			return
		}
		all = append(all, word)
		if len(word) >= 4 || !alphabetic(word[0]) {
			long = append(long, word)
		}
	}
	sign := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) }
	for _, text := range about {
		for whole := range strings.FieldsFuncSeq(NormalizePassword(text), func(r rune) bool { return r == '@' || r == '\n' }) {
			parts := strings.FieldsFunc(whole, sign)
			if len(parts) > 1 {
				add(strings.Join(parts, ""))
			}
			for _, part := range parts {
				add(part)
			}
		}
	}
	return long, all
}

// without returns the characters of the text that belong to none of the words,
// read forwards or backwards.
func without(text []rune, words [][]rune) []rune {
	plain := oneL(unleet(text, 'i'))
	taken := make([]bool, len(text))
	for _, word := range words {
		back := slices.Clone(word)
		slices.Reverse(back)
		for i := 0; i+len(word) <= len(plain); i++ {
			here := plain[i : i+len(word)]
			if slices.Equal(here, word) || slices.Equal(here, back) {
				for j := range word {
					taken[i+j] = true
				}
			}
		}
	}
	var left []rune
	for i, r := range text {
		if !taken[i] {
			left = append(left, r)
		}
	}
	return left
}

// oneL writes every l as an i, since a 1 may be either.
func oneL(text []rune) []rune {
	for i, r := range text {
		if r == 'l' {
			text[i] = 'i'
		}
	}
	return text
}

// alphabetic reports whether the letter is one of many in a word.
func alphabetic(r rune) bool {
	return !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}
