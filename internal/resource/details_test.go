package resource_test

import (
	"strings"
	"testing"

	"signet/internal/resource"
)

var payment = &resource.Type{
	ID: "payment", Fields: []string{"instructedAmount", "creditorName", "actions", "locations", "remittance"}, Required: []string{"instructedAmount"},
	Show: map[string]string{"": "Pay {instructedAmount.amount} {instructedAmount.currency} to {creditorName}", "de": "{instructedAmount.amount} an {creditorName} zahlen"},
}

func TestDetails(t *testing.T) {
	if err := payment.Check(); err != nil {
		t.Fatal(err)
	}
	for raw, problem := range map[string]string{
		`[{"type":"payment","instructedAmount":{"currency":"EUR","amount":"1.50"},"creditorName":"A <b>"}]`: "",
		``:                   "is not a JSON list of objects",
		`{"type":"payment"}`: "is not a JSON list of objects",
		`[{"type":"payment"`: "is not a JSON list of objects",
		`[]`:                 "has 0 members; 1 to 20 are wanted",
		`[null]`:             "has a member without the text type",
		`[{"type":1}]`:       "has a member without the text type",
		`[{"type":"a"}] x`:   "is followed by something else",
		`[{"type":"a","x":{"a":{"b":{"c":{"d":{}}}}}}]`:             "is nested more than 5 deep",
		"[{\"type\":\"a\",\"creditorName\":\"evil \u202e txt\"}]":   "has a text with control characters, or others that nobody sees",
		`[{"type":"a","x":1e2}]`:                                    "has a number with an exponent, or a negative zero, which do not stay as they are written",
		`[{"type":"a","x":-0.00}]`:                                  "has a number with an exponent, or a negative zero, which do not stay as they are written",
		`[{"type":"a","x":[-0.10,10,0,0.0,-7]}]`:                    "",
		`[{"type":"a","x":{"a.b":1}}]`:                              "has a name with a dot, or with characters that nobody sees",
		"[" + strings.Repeat(`{"type":"a"},`, 20) + `{"type":"a"}]`: "has 21 members; 1 to 20 are wanted",
	} {
		if _, got := resource.ParseDetails(raw); got != problem {
			t.Errorf("%s: %q, want %q", raw, got, problem)
		}
	}
	for raw, problem := range map[string]string{
		`[{"type":"payment","instructedAmount":1}]`:                      "",
		`[{"type":"payment"}]`:                                           "lacks the field instructedAmount",
		`[{"type":"payment","instructedAmount":1,"iban":"x"}]`:           "has the field iban, which its type does not know",
		`[{"type":"payment","instructedAmount":1,"actions":"x"}]`:        "has another value than a list of texts for actions",
		`[{"type":"payment","instructedAmount":1,"locations":["x", 1]}]`: "has another value than a list of texts for locations",
	} {
		list, _ := resource.ParseDetails(raw)
		if got := payment.Wrong(list[0]); got != problem {
			t.Errorf("%s: %q, want %q", raw, got, problem)
		}
	}
}

// TestDescribe: all that is asked for is shown, in the language or another.
func TestDescribe(t *testing.T) {
	list, problem := resource.ParseDetails(`[{"creditorName":"Ada","type":"payment","instructedAmount":{"amount":12345678901234567890.10,"currency":"EUR","fee":{}},"actions":["a","b"],"remittance":true}]`)
	if problem != "" {
		t.Fatal(problem)
	}
	for lang, want := range map[string][2]string{
		"fr":    {"Pay 12345678901234567890.10 EUR to Ada", "actions: a, b · instructedAmount.fee: {} · remittance: true"},
		"de-AT": {"12345678901234567890.10 an Ada zahlen", "actions: a, b · instructedAmount.currency: EUR · instructedAmount.fee: {} · remittance: true"},
	} {
		if title, rest := payment.Describe(list[0], lang); title != want[0] || rest != want[1] {
			t.Errorf("%s: %q, %q", lang, title, rest)
		}
	}
	bare := &resource.Type{ID: "bare"}
	if title, _ := bare.Describe(resource.Detail{"type": "bare"}, "en"); title != "bare" {
		t.Errorf("without words: %q", title)
	}
}

func TestTypeCheck(t *testing.T) {
	for want, wrong := range map[string]*resource.Type{
		"must be 1 to 200 characters": {ID: "a b"},
		"is no name of a field":       {ID: "a", Fields: []string{"x y"}},
		"is not among the fields":     {ID: "a", Required: []string{"x"}},
		"show#de speaks of {y}":       {ID: "a", Fields: []string{"x"}, Show: map[string]string{"de": "{x} {y}"}},
		"on one line":                 {ID: "a", Show: map[string]string{"": "a\nb"}},
	} {
		if err := wrong.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", wrong, err, want)
		}
	}
}

// FuzzDetails: what is taken is, written out, taken again and the same, and each
// value of it is among the words.
func FuzzDetails(f *testing.F) {
	for _, seed := range []string{
		`[{"type":"payment","instructedAmount":{"amount":"1"}}]`, `[{"type":"a"},{"type":"b","x":[1,{"y":null}]}]`, `[{"type":"a","x":1e400}]`, `[{"type":"\ud800"}]`, `[[]]`, `null`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		list, problem := resource.ParseDetails(raw)
		if problem != "" {
			return
		}
		joined := string(resource.Join(list))
		again, problem := resource.ParseDetails(joined)
		if problem != "" || string(resource.Join(again)) != joined {
			t.Fatalf("%q is taken, and %q is not (%s)", raw, joined, problem)
		}
		for _, d := range list {
			title, rest := payment.Describe(d, "en")
			for name, v := range d {
				if s, ok := v.(string); ok && name != "type" && !strings.Contains(title+rest, s) {
					t.Errorf("%q: %s is not shown in %q, %q", raw, name, title, rest)
				}
			}
		}
	})
}
