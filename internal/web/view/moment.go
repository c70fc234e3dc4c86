package view

import (
	"strconv"
	"time"
)

// Moment is a point in time as the part "moment" shows it: in UTC, which a
// script replaces by the person's own clock.
type Moment struct {
	Machine  string // RFC 3339, for the datetime attribute; empty: the text alone is shown
	Text     string
	DateOnly bool
}

// Moment gives a time in the page's language, to the minute.
func (f *Frame) Moment(t time.Time) (Moment, error) {
	text, err := f.moment("date.moment", t)
	return Moment{Machine: t.UTC().Format(time.RFC3339), Text: text}, err
}

// Date gives the day of a time in the page's language.
func (f *Frame) Date(t time.Time) (Moment, error) {
	text, err := f.moment("date.day", t)
	return Moment{Machine: t.UTC().Format(time.RFC3339), Text: text, DateOnly: true}, err
}

func (f *Frame) moment(key Message, t time.Time) (string, error) {
	t = t.UTC()
	return f.catalogue.fill(key, map[string]string{
		"Day":   strconv.Itoa(t.Day()),
		"Month": f.catalogue.months[t.Month()-1],
		"Year":  strconv.Itoa(t.Year()),
		"Time":  t.Format("15:04"),
	})
}
