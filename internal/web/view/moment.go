package view

import (
	"strconv"
	"time"
)

// Moment is a point in time as the part "moment" shows it: by its date and
// time in UTC, which a script replaces by those of the person's own clock.
type Moment struct {
	Machine string // RFC 3339, for the datetime attribute
	Text    string
}

// Moment gives a time in the page's language, with minutes.
func (f *Frame) Moment(t time.Time) (Moment, error) {
	t = t.UTC()
	text, err := f.catalogue.fill("date.moment", map[string]string{
		"Day":   strconv.Itoa(t.Day()),
		"Month": f.catalogue.months[t.Month()-1],
		"Year":  strconv.Itoa(t.Year()),
		"Time":  t.Format("15:04"),
	})
	return Moment{Machine: t.Format(time.RFC3339), Text: text}, err
}
