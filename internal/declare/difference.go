package declare

import (
	"maps"
	"reflect"
	"slices"

	"signet/internal/account"
	"signet/internal/client"
)

// differences are the fields of the keys in which is and want are not the same.
func differences[T any](keys []key[T], is, want *T) []Difference {
	var out []Difference
	for _, k := range keys {
		if k.name == "password_hash" {
			continue // compared with the password, and never shown
		}
		a, b := shown(k.field(is)), shown(k.field(want))
		if !reflect.DeepEqual(a, b) {
			out = append(out, Difference{Field: k.name, Old: a, New: b})
		}
	}
	return out
}

// localizedDifferences are the texts in languages that are not the same.
func localizedDifferences(is, want client.Localized) []Difference {
	all := maps.Clone(is)
	if all == nil {
		all = client.Localized{}
	}
	maps.Copy(all, want)
	var out []Difference
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if is[name] != want[name] {
			out = append(out, Difference{Field: name, Old: is[name], New: want[name]})
		}
	}
	return out
}

// shown is the value behind a key's pointer, as people and scripts are shown it.
func shown(pointer any) any {
	switch field := pointer.(type) {
	case *[]string:
		return append([]string{}, *field...) // [] and never null
	case **account.Address:
		if *field == nil {
			return account.Address{}
		}
		return **field
	}
	return reflect.ValueOf(pointer).Elem().Interface()
}

// assign copies what is behind one key's pointer to another's.
func assign(to, from any) {
	if list, ok := from.(*[]string); ok {
		*to.(*[]string) = slices.Clone(*list)
		return
	}
	reflect.ValueOf(to).Elem().Set(reflect.ValueOf(from).Elem())
}
