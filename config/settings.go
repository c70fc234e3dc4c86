package config

import (
	"encoding"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// EnvPrefix begins the name of every environment variable of the provider.
const EnvPrefix = "SIGNET_"

// Setting describes one setting, for references and checks.
type Setting struct {
	Path    string // in YAML, nested keys joined by a dot: database.url
	Env     string // environment variable: SIGNET_DATABASE_URL
	Default string // as an operator would write it; empty when there is none
	Min     string // least value; empty when there is none
	Max     string // greatest value; empty when there is none
	OneOf   []string
	Kind    string // what is written: text, secret, number, duration, ...
	Struct  string // Go type whose field it is; the comment there documents it
	Field   string // Go name of that field

	index []int // of the field, from Config on
}

// Secret reports whether the setting can also be read from a file.
func (s Setting) Secret() bool { return s.Kind == kindSecret }

// FilePath is the YAML key that names a file with the secret.
func (s Setting) FilePath() string { return s.Path + "_file" }

// FileEnv is the environment variable that names a file with the secret.
func (s Setting) FileEnv() string { return s.Env + "_FILE" }

// Text returns the value that c has for the setting, as an operator would write
// it; a secret is redacted.
func (s Setting) Text(c *Config) string { return format(s.pointer(c)) }

// pointer returns a pointer to the setting's field in c.
func (s Setting) pointer(c *Config) any {
	return reflect.ValueOf(c).Elem().FieldByIndex(s.index).Addr().Interface()
}

// Settings returns every setting, in the order of the fields.
func Settings() []Setting { return append([]Setting(nil), settings()...) }

var settings = sync.OnceValue(func() []Setting {
	return describe(reflect.TypeFor[Config](), "", nil)
})

func describe(t reflect.Type, prefix string, index []int) []Setting {
	var list []Setting
	for field := range t.Fields() {
		path := prefix + field.Tag.Get("yaml")
		at := append(append([]int(nil), index...), field.Index...)
		kind := kindOf(reflect.New(field.Type).Interface())
		if kind == "" {
			list = append(list, describe(field.Type, path+".", at)...)
			continue
		}
		s := Setting{
			Path:    path,
			Env:     EnvPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_")),
			Default: field.Tag.Get("default"),
			Min:     field.Tag.Get("min"),
			Max:     field.Tag.Get("max"),
			Kind:    kind,
			Struct:  t.Name(),
			Field:   field.Name,
			index:   at,
		}
		if words := field.Tag.Get("oneof"); words != "" {
			s.OneOf = strings.Split(words, "|")
		}
		list = append(list, s)
	}
	return list
}

// Default returns the configuration with nothing set. What follows from other
// settings (the issuer, the database) is still empty: see [Config.Complete].
func Default() *Config {
	c := new(Config)
	for _, s := range settings() {
		if s.Default == "" {
			continue
		}
		if err := decode(s.pointer(c), s.Default); err != nil {
			panic("config: default of " + s.Path + " " + err.Error()) // held by a test
		}
	}
	return c
}

const (
	kindSecret = "secret"
	kindList   = "list"
)

// kindOf names what is written for a field, for people; "" when the field is a
// section.
func kindOf(pointer any) string {
	switch pointer.(type) {
	case *string:
		return "text"
	case *bool:
		return "true or false"
	case *int, *float64:
		return "number"
	case *time.Duration:
		return "duration"
	case *Size:
		return "size"
	case *Rate:
		return "rate"
	case *Secret:
		return kindSecret
	case *slog.Level:
		return "word"
	case *[]string:
		return kindList
	case *[]netip.Prefix:
		return "list of networks"
	}
	return ""
}

// decode reads text into the field that pointer points to. Its error is the rest
// of a sentence that begins with the value; with an error, the field stays as it
// was, so that no check complains of it a second time.
func decode(pointer any, text string) error {
	switch p := pointer.(type) {
	case *string:
		*p = text
	case *Secret:
		*p = NewSecret(text)
	case *bool:
		yes, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("is not true or false")
		}
		*p = yes
	case *int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return errors.New("is not a whole number")
		}
		*p = int(n)
	case *float64:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(x) {
			return errors.New("is not a number")
		}
		*p = x
	case *time.Duration:
		d, err := parseDuration(text)
		if err != nil {
			return err
		}
		*p = d
	case *slog.Level:
		if err := p.UnmarshalText([]byte(text)); err != nil {
			return errors.New("is not a level")
		}
	case *[]string:
		return decodeList(p, splitList(text))
	case *[]netip.Prefix:
		return decodeList(p, splitList(text))
	case encoding.TextUnmarshaler:
		return p.UnmarshalText([]byte(text))
	default:
		panic(fmt.Sprintf("config: no way to read a %T", pointer)) // held by a test
	}
	return nil
}

// splitList takes a list from the environment apart.
func splitList(text string) []string {
	var elements []string
	for element := range strings.SplitSeq(text, ",") {
		if element = strings.TrimSpace(element); element != "" {
			elements = append(elements, element)
		}
	}
	return elements
}

// decodeList reads the elements of a list.
func decodeList(pointer any, elements []string) error {
	switch p := pointer.(type) {
	case *[]string:
		seen := map[string]bool{}
		for _, element := range elements {
			if seen[element] {
				return errors.New("names " + quote(element) + " twice")
			}
			seen[element] = true
		}
		*p = elements
	case *[]netip.Prefix:
		networks := make([]netip.Prefix, 0, len(elements))
		for _, element := range elements {
			network, err := parseNetwork(element)
			if err != nil {
				return err
			}
			networks = append(networks, network)
		}
		*p = networks
	default:
		return errors.New("is a list, and one value is wanted")
	}
	return nil
}

// parseNetwork reads 10.0.0.0/8, or one address.
func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		return netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil || network.Addr().Is4In6() {
		return network, errors.New("holds " + quote(text) + ", which is not a network such as 10.0.0.0/8 or an address")
	}
	if masked := network.Masked(); masked != network {
		return network, errors.New("holds " + quote(text) + ", which has bits set after its mask: write " + masked.String())
	}
	return network, nil
}

// format writes the field that pointer points to so that decode reads it.
func format(pointer any) string {
	switch p := pointer.(type) {
	case *time.Duration:
		return formatDuration(*p)
	case *slog.Level:
		return strings.ToLower(p.String())
	case *[]string:
		return strings.Join(*p, ",")
	case *[]netip.Prefix:
		var texts []string
		for _, network := range *p {
			texts = append(texts, network.String())
		}
		return strings.Join(texts, ",")
	}
	return fmt.Sprint(reflect.ValueOf(pointer).Elem().Interface())
}
