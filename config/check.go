package config

import (
	"errors"
	"io/fs"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Complete fills what follows from other settings (the issuer from the listener,
// the database from the data folder, an absolute data folder) and checks all.
// The error is a [*Faults]. [Load] has done it already.
func (c *Config) Complete() error {
	return c.complete(&report{from: map[string]string{}})
}

func (c *Config) complete(r *report) error {
	c.derive()
	for _, s := range settings() {
		s.checkRange(c, r)
	}
	c.checkServer(r)
	c.MTLS.check(r, c)
	c.Database.check(r)
	c.Redis.check(r)
	c.SMTP.check(r)
	c.Brand.check(r)
	c.Languages.check(r)
	c.Lifetimes.check(r)
	c.Cookies.check(r, c.Issuer)
	c.Keys.check(r)
	c.Tokens.check(r, c.Keys.Algorithms)
	c.SignUp.check(r)
	c.Registration.check(r)
	c.Outbound.check(r)
	c.DNS.check(r)
	c.Metrics.check(r, c.Listen)
	c.Telemetry.check(r)
	return r.err()
}

// report collects the faults of the checks and knows where each value came from.
type report struct {
	Faults
	from map[string]string // path -> file:line:column, for what a file says
}

// fault records what is wrong with the setting at path.
func (r *report) fault(path, problem, fix string) {
	f := Fault{Setting: path, Where: r.from[path], Problem: problem, Fix: fix}
	if i := slices.IndexFunc(settings(), func(s Setting) bool { return s.Path == path }); i >= 0 {
		f.Env = settings()[i].Env
	}
	r.add(f)
}

// checkRange holds a value to the min, max and oneof of its tag.
func (s Setting) checkRange(c *Config, r *report) {
	text := s.Text(c)
	if len(s.OneOf) > 0 {
		words := []string{text}
		if s.Kind == kindList {
			words = splitList(text)
		}
		for _, word := range words {
			if !slices.Contains(s.OneOf, word) {
				r.fault(s.Path, quote(word)+" is not known", "write "+alternatives(s.OneOf))
			}
		}
	}
	value := number(s.pointer(c))
	if s.Min != "" && !(value >= s.bound(s.Min)) {
		r.fault(s.Path, text+" is too small", "write "+s.Min+" or more")
	}
	if s.Max != "" && !(value <= s.bound(s.Max)) {
		r.fault(s.Path, text+" is too large", "write "+s.Max+" or less")
	}
}

// bound reads a min or max tag in the type of the field.
func (s Setting) bound(text string) float64 {
	pointer := reflect.New(reflect.TypeOf(s.pointer(new(Config))).Elem()).Interface()
	if err := decode(pointer, text); err != nil {
		panic("config: bound of " + s.Path + " " + err.Error()) // held by a test
	}
	return number(pointer)
}

// number returns a number, duration or size as one type that compares; the
// bounds are far below where a float64 gets coarse. Anything else is NaN.
func number(pointer any) float64 {
	switch v := reflect.ValueOf(pointer).Elem(); {
	case v.CanInt():
		return float64(v.Int())
	case v.CanUint():
		return float64(v.Uint())
	case v.CanFloat():
		return v.Float()
	}
	return math.NaN()
}

// alternatives joins words for a sentence: "a, b or c".
func alternatives(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// quote shows what somebody wrote, short and on one line.
func quote(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return strconv.Quote(text)
}

// oneLine returns the reason of an error, without the path that the sentence
// around it or the system has named already, and on one line.
func oneLine(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Path + ": " + path.Err.Error()
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
