package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"signet/pkg/relyingparty"
)

// ScopeReport is what a device's access token must allow.
const ScopeReport = "devices:report"

// Report is what a device tells the console, as JSON, by POST to /api/reports
// with its own access token.
type Report struct {
	// Name is what the device calls itself.
	Name string `json:"name"`
	// Version is that of its program.
	Version string `json:"version"`
	// Uptime is for how many seconds it has run.
	Uptime int64 `json:"uptime"`
	// Readings are what it measured.
	Readings []Reading `json:"readings"`
}

// Reading is one value that a device measured.
type Reading struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// Text is the value as people read it.
func (r Reading) Text() string {
	return strings.TrimSpace(strconv.FormatFloat(math.Round(r.Value*10)/10, 'f', -1, 64) + " " + r.Unit)
}

// Bounds of what a device may report, and of how much is kept.
const (
	maxReport    = 16 << 10 // bytes
	maxText      = 64       // characters of a name or a unit
	maxReadings  = 12
	maxPerPerson = 20
	maxReporters = 1000
	// silent is how long a device may say nothing before it counts as offline.
	silent = 2 * time.Minute
	// agentModel is the model of the devices that report by themselves.
	agentModel = "Agent"
)

// check returns what is wrong with a report.
func (r *Report) check() error {
	texts := []string{r.Name, r.Version}
	for _, reading := range r.Readings {
		texts = append(texts, reading.Name, reading.Unit)
		if math.IsNaN(reading.Value) || math.IsInf(reading.Value, 0) || math.Abs(reading.Value) > 1e12 {
			return errors.New("a reading is no number that could be shown")
		}
	}
	for _, text := range texts {
		if utf8.RuneCountInString(text) > maxText || strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
			return fmt.Errorf("a text has at most %d characters, all printable", maxText)
		}
	}
	if strings.TrimSpace(r.Name) == "" || r.Uptime < 0 || len(r.Readings) > maxReadings {
		return fmt.Errorf("a report has a name, an uptime in seconds, and at most %d readings", maxReadings)
	}
	return nil
}

// reporter is a device that reports, with its last report.
type reporter struct {
	owner  string // subject of the person who connected it, or id of the organization for which they did
	first  time.Time
	last   time.Time
	report Report
}

// reporters are the devices that report; what is kept of them is gone with the
// program, like all of its data.
type reporters struct {
	mu  sync.Mutex
	all map[string]*reporter // by id
}

// reporterID names a person's device in addresses, without telling whose it is.
func reporterID(owner, name string) string {
	sum := sha256.Sum256([]byte(owner + "\x00" + name))
	return "agent-" + hex.EncodeToString(sum[:8])
}

// put keeps the report in the place of the device's last one; false where there
// is no room for one more device.
func (p *reporters) put(owner string, r Report, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := reporterID(owner, r.Name)
	known := p.all[id]
	if known == nil {
		theirs := 0
		for _, other := range p.all {
			if other.owner == owner {
				theirs++
			}
		}
		if theirs >= maxPerPerson || len(p.all) >= maxReporters {
			return false
		}
		if p.all == nil {
			p.all = map[string]*reporter{}
		}
		known = &reporter{owner: owner, first: now}
		p.all[id] = known
	}
	known.last, known.report = now, r
	return true
}

// of returns the devices of the owner as the list shows them, by name, in the room.
func (p *reporters) of(owner, room string, now time.Time) []device {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []device
	for id, r := range p.all {
		if r.owner != owner || owner == "" {
			continue
		}
		d := device{
			ID: id, Name: r.report.Name, Room: room, Model: agentModel, Firmware: r.report.Version,
			Serial: strings.ToUpper(strings.TrimPrefix(id, "agent-")[:8]), Status: online, LastSeen: r.last,
			Since: r.first, Uptime: time.Duration(r.report.Uptime) * time.Second, Readings: slices.Clone(r.report.Readings),
		}
		if now.Sub(r.last) > silent {
			d.Status, d.Note = offline, "It has stopped reporting."
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b device) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// takeReport keeps what a device reports on behalf of the person who connected
// it. The token was checked before.
func (a *app) takeReport(w http.ResponseWriter, r *http.Request) {
	var report Report
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxReport))
	if err == nil && kind != "application/json" {
		err = errors.New("send the report as application/json")
	}
	if err == nil {
		err = json.Unmarshal(body, &report)
	}
	if err == nil {
		err = report.check()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	token := relyingparty.TokenFrom(r.Context())
	if token.Subject == token.ClientID {
		http.Error(w, "a device reports on behalf of the person who connected it", http.StatusForbidden)
		return
	}
	owner := token.Subject
	if a.config.organizations() && token.Organization != "" {
		owner = token.Organization // everybody there sees it
	}
	if !a.reporters.put(owner, report, a.config.Now()) {
		http.Error(w, "there is no room for one more device", http.StatusTooManyRequests)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
