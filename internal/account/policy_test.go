package account_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"signet/internal/account"
)

var policies = []account.PolicyName{account.PolicyLenovo, account.PolicyEither, account.PolicyNIST}

// long returns a password of n characters of four kinds that nobody would guess.
func long(n int) string {
	const piece = "kX8#vTz2$Lw9qM5&"
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(piece[i%7:])
	}
	return b.String()[:n]
}

// TestLengthsOfPasswords holds the boundaries, in code points after NFC: however
// a character is written, and however many bytes it takes, it counts once.
func TestLengthsOfPasswords(t *testing.T) {
	const short, tooLong, fine = account.FlawShort, account.FlawLong, account.Flaw("")
	want := map[account.PolicyName]map[int]account.Flaw{
		account.PolicyLenovo: {7: short, 8: fine, 14: fine, 15: fine, 20: fine, 21: tooLong, 64: tooLong, 65: tooLong, 128: tooLong, 129: tooLong},
		account.PolicyEither: {7: short, 8: fine, 14: fine, 15: fine, 20: fine, 21: fine, 64: fine, 65: fine, 128: fine, 129: tooLong},
		account.PolicyNIST:   {7: short, 8: short, 14: short, 15: fine, 20: fine, 21: fine, 64: fine, 65: fine, 128: fine, 129: tooLong},
	}
	for _, name := range policies {
		policy := account.NewPolicy(name)
		for n, flaw := range want[name] {
			ascii := long(n)
			for form, password := range map[string]string{
				"ascii":     ascii,
				"composed":  "\u00e9" + ascii[1:],
				"combining": "e\u0301" + ascii[1:], // two code points as typed, one after NFC
				"hangul":    norm.NFD.String("\ud55c") + ascii[1:],
				"emoji":     "\U0001f99c" + ascii[1:],
				"widest":    strings.Repeat("\U0001f99c", n-6) + ascii[:6],
			} {
				flaws := policy.Check(password)
				flaws = slices.DeleteFunc(flaws, func(f account.Flaw) bool { return f != short && f != tooLong })
				if got := strings.Join(asText(flaws), " "); got != string(flaw) {
					t.Errorf("%s, %d characters (%s): %q, want %q", name, n, form, got, flaw)
				}
			}
			if flaws := policy.Check(ascii); flaw == fine && flaws != nil {
				t.Errorf("%s, %d characters: %v, want none", name, n, flaws)
			}
		}
	}
}

func asText(flaws []account.Flaw) []string {
	var out []string
	for _, f := range flaws {
		out = append(out, string(f))
	}
	return out
}

// TestTheLongestPasswordCanBeHashed: what a policy takes, the hasher takes,
// even where each character is written as three.
func TestTheLongestPasswordCanBeHashed(t *testing.T) {
	h, err := account.NewHasher(cheap)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i := range 128 {
		b.WriteRune(rune(0xac01 + 157*i%11000)) // Hangul syllables with a final, scattered
	}
	password := norm.NFD.String(b.String())
	if flaws := account.NewPolicy(account.PolicyNIST).Check(password); flaws != nil {
		t.Fatalf("%d bytes: %v", len(password), flaws)
	}
	hash, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := h.Verify(t.Context(), hash, norm.NFC.String(password)); !ok || err != nil {
		t.Errorf("composed: %v, %v", ok, err)
	}
}

func TestKindsOfCharacters(t *testing.T) {
	for _, tt := range []struct {
		password       string
		lenovo, either bool // taken
	}{
		{"vkqzwjxh", false, false},
		{"vkqzwJXH", false, false},
		{"vkqzwJX4", true, true},
		{"vkqz-JXH", true, true},
		{"vkqz-7x4", true, true},
		{"VKQZ-7X4", true, true},
		{"vkqz wJX", true, true}, // a space is a symbol
		{"vkqz\u00a0wJX", true, true},
		{"\u0436\u0429\u0446\u044e7\u0444\u0449\u044a", true, true}, // Cyrillic has case
		{"\u5bc6\u7801X7\u6c49\u5b57\u8f93\u5165", true, true},      // Han has none: lower, upper, digit
		{"\u5bc6\u7801\u6c49\u5b57\u8f93\u5165\u6cd5\u7a0b", false, false},
		{"\u0664\u0668\u0662vkqJxz", true, true}, // Arabic digits are digits
		{"vkqzwjxhbmplgt", false, false},         // 14
		{"vkqzwjxhbmplgty", false, true},         // 15: any kind will do
		{"vkqzwjxhbmplgtydfrcn", false, true},    // 20
		{"vkqzwjxhbmplgtydfrcns", false, true},   // 21
	} {
		for name, want := range map[account.PolicyName]bool{account.PolicyLenovo: tt.lenovo, account.PolicyEither: tt.either} {
			if flaws := account.NewPolicy(name).Check(tt.password); (flaws == nil) != want {
				t.Errorf("%s: %q has %v", name, tt.password, flaws)
			}
		}
	}
}

func TestCommonPasswords(t *testing.T) {
	policy := account.NewPolicy(account.PolicyEither)
	for _, common := range []string{
		"Password1", "PASSWORD", "password123!", "P@ssw0rd", "P@$$w0rd1", "!Passw0rd!", "Pa55w0rd", "Monkey-1234", "L3tmein!", "Dr@gon2026",
		"qwertyuiop", "Qwerty12345", "1q2w3e4r5t", "Football!!", "p\u00e4ssw\u00f6rd1", "\uff30\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff11", // with accents, and wide
		"aaaaaaaaaaaaaaa", "111111111111111", "Aa1!Aa1!Aa1!Aa1!", "abcdefghijklmno", "987654321", "abcabcabcabcabc", "passwordpassword", "monkeymonkeymon",
		"password1password2", "Monkey1.Dragon", "football-football", "Dragon12345678",
	} {
		if flaws := policy.Check(common); !slices.Contains(flaws, account.FlawCommon) {
			t.Errorf("%q: %v, want common", common, flaws)
		}
	}
	for _, fine := range []string{
		"kX8#vTz2", "vTz2$Lw9", "correct horse battery staple", "Monkey-and-Quokka-9", "tulip-Quartz-7", "Password-of-the-Umbrella4", "7421-monkey-9035X",
		long(8), long(20), long(128),
	} {
		if flaws := policy.Check(fine); flaws != nil {
			t.Errorf("%q: %v, want none", fine, flaws)
		}
	}
}

func TestPersonalPasswords(t *testing.T) {
	about := []string{"Ad\u00e8le", "Q\u00fcintessa-Wrybrook", "adele.q@vexolane.example", "Fernweh ID", "\u738b \u5c0f\u660e"}
	policy := account.NewPolicy(account.PolicyEither)
	for _, personal := range []string{
		"Quintessa1!", "q\u00fcintessa-1X", "QUINTESSA2026x", "Wrybrook#1", "Wrybr00k!", "wryBR00K77!", "koorbyrW#1", "Qu1nt3$$a9X", // forwards, backwards, in figures
		"QuintessaWrybrook1", "Wrybrook-Quintessa.7", "AdeleQ#12", "adele.q@Vexolane.example", "adele.q@vexolane.example1A", "Vexolane-77",
		"Fernweh-2026", "fErnweh.ID9", "Adele1234!", "#Adele-Adele7", "\u738b\u5c0f\u660e\u738b\u5c0f\u660eAb1", "\u5c0f\u660e1234-AB",
	} {
		if flaws := policy.Check(personal, about...); !slices.Contains(flaws, account.FlawPersonal) {
			t.Errorf("%q: %v, want personal", personal, flaws)
		}
		if strings.Contains(personal, "Wrybrook") {
			if flaws := policy.Check(personal); slices.Contains(flaws, account.FlawPersonal) {
				t.Errorf("%q of somebody else: %v", personal, flaws)
			}
		}
	}
	// What is left is long enough, and is what everybody tries.
	if flaws := policy.Check("Wrybrook12345678", about...); !slices.Contains(flaws, account.FlawCommon) {
		t.Errorf("a name and what everybody tries: %v, want common", flaws)
	}
	for _, fine := range []string{
		"kX8#vTz2$Adele", "Quintessa rode the quiet tram", "ID-kX8#vTz2", "vTz2$Lw9-ada", "tulip-Quartz-7",
	} {
		if flaws := policy.Check(fine, about...); flaws != nil {
			t.Errorf("%q: %v, want none", fine, flaws)
		}
	}
	// A name of three letters counts where it is all the letters that there are.
	for password, want := range map[string]bool{"Ada-1234": true, "4d4#1815!": true, "ada-8371-5529": false, "Ada8!kXz": false, "Canada#99x": false} {
		flaws := policy.Check(password, "Ada", "Li")
		if got := slices.Contains(flaws, account.FlawPersonal); got != want {
			t.Errorf("%q of Ada Li: %v, want personal: %v", password, flaws, want)
		}
	}
}

// TestTheMeterAgreesWithTheRule: what is refused is never shown as good, and
// what is shown as good is taken.
func TestTheMeterAgreesWithTheRule(t *testing.T) {
	rank := map[account.Strength]int{account.Weak: 0, account.Fair: 1, account.Good: 2, account.Strong: 3}
	for _, name := range policies {
		policy := account.NewPolicy(name)
		for _, password := range []string{"", "a", "Password1", "kX8#vTz2", "Wrybrook#1", "correct horse battery staple", long(7), long(15), long(129), strings.Repeat("a", 100)} {
			flaws, strength := policy.Judge(password, "Wrybrook")
			if !slices.Equal(flaws, policy.Check(password, "Wrybrook")) || (strength == account.Weak) != (len(flaws) > 0) {
				t.Errorf("%s: %q is %s with %v", name, password, strength, flaws)
			}
		}
	}
	policy, last := account.NewPolicy(account.PolicyEither), 0
	for _, password := range []string{"wrybrook", "vkqz-7x4", "tulip-Quartz-7", "kX8#vTz2$L", "kX8#vTz2$Lw9qM", long(40)} {
		_, strength := policy.Judge(password)
		if rank[strength] < last {
			t.Errorf("%q is %s, which is less than the one before", password, strength)
		}
		last = rank[strength]
	}
	if last != rank[account.Strong] {
		t.Errorf("40 random characters are not strong")
	}
}

func TestPasswordsAreNormalized(t *testing.T) {
	same := [][]string{
		{"caf\u00e9-Horse-9", "cafe\u0301-Horse-9"},
		{"correct horse", "correct\u00a0horse", "correct\u3000horse", "correct\u2003horse"},
		{"\u1ed9x", "o\u0323\u0302x", "o\u0302\u0323x", "\u1ecd\u0302x"},
	}
	for _, forms := range same {
		for _, typed := range forms {
			if got := account.NormalizePassword(typed); got != forms[0] {
				t.Errorf("%q became %q, not %q", typed, got, forms[0])
			}
		}
	}
	for _, kept := range []string{"Case", " space ", "\uff21wide", "\ufb01", "tab\there", "\U0001fae8", "\xff\xfe", "e\xcc"} {
		if got := account.NormalizePassword(kept); got != kept {
			t.Errorf("%q became %q", kept, got)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	for _, s := range [][2]string{{"P@ssw0rd1", "Ada Lovelace"}, {"e\u0301", "\u738b\u5c0f\u660e"}, {"\xff", "ada@example.com"}, {strings.Repeat("ab", 99), "ab\nba"}, {"", ""}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, password, about string) {
		normal := account.NormalizePassword(password)
		if account.NormalizePassword(normal) != normal {
			t.Errorf("%q is normalised to %q, and that to another", password, normal)
		}
		for _, name := range policies {
			policy := account.NewPolicy(name)
			flaws, strength := policy.Judge(password, about)
			if (strength == account.Weak) != (len(flaws) > 0) {
				t.Errorf("%s: %q is %s with %v", name, password, strength, flaws)
			}
			if len(password) <= account.MaxPasswordBytes && len(normal) <= account.MaxPasswordBytes && !slices.Equal(flaws, policy.Check(normal, about)) {
				t.Errorf("%s: %q has %v, but %v in its normal form", name, password, flaws, policy.Check(normal, about))
			}
			rule := policy.Rule()
			if n := utf8.RuneCountInString(normal); len(flaws) == 0 && (n < rule.Least || n > rule.Most) {
				t.Errorf("%s: %q of %d characters was taken", name, password, n)
			}
		}
	})
}

func BenchmarkPolicy(b *testing.B) {
	policy := account.NewPolicy(account.PolicyEither)
	for name, password := range map[string]string{"usual": "tulip-Quartz-7", "longest": long(128)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				policy.Judge(password, "Ada Lovelace", "ada@example.com", "Signet")
			}
		})
	}
}
