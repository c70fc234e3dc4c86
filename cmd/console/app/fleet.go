package app

import (
	"strings"
	"time"
)

// status is what a device last reported.
type status string

const (
	online    status = "Online"
	attention status = "Needs attention"
	offline   status = "Offline"
)

// Class is the status as a word for the style sheet.
func (s status) Class() string {
	return map[status]string{online: "good", attention: "warn", offline: "bad"}[s]
}

// device is one machine in a meeting room.
type device struct {
	ID, Name, Room, Site, Model, Firmware, Serial string
	Status                                        status
	Note                                          string // why it needs attention
	LastSeen                                      time.Time

	// Of one that people changed.
	Updated, Restarted time.Time
	ChangedBy          string

	// Of a device that reports by itself.
	Since    time.Time // its first report
	Uptime   time.Duration
	Readings []Reading
}

// event is something that happened to a device.
type event struct {
	When time.Time
	Text string
}

// latest is the firmware that each model should run.
var latest = map[string]string{"RoomHub 2": "4.8.2", "RoomBar 180": "2.14.0", "TablePad 10": "7.1.3", "DoorPanel S": "1.9.6"}

// Outdated tells whether newer firmware waits.
func (d device) Outdated() bool { return d.Firmware != latest[d.Model] && !d.Reports() }

// Reports tells whether the device reports by itself, with a token of its own.
func (d device) Reports() bool { return d.Model == agentModel }

// Place is where the device is, as far as it is known.
func (d device) Place() string {
	if d.Site == "" {
		return d.Room
	}
	return d.Room + ", " + d.Site
}

// Latest is the firmware that the device should run.
func (d device) Latest() string { return latest[d.Model] }

// Silence is how long nothing was heard from the device.
func (d device) Silence(now time.Time) time.Duration { return now.Sub(d.LastSeen) }

// matches tells whether a person who types query may mean this device.
func (d device) matches(query string) bool {
	text := strings.ToLower(strings.Join([]string{d.Name, d.Room, d.Site, d.Model, d.Firmware, d.Serial}, " "))
	for _, word := range strings.Fields(strings.ToLower(query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// fleet is the made-up estate, as it looks at a moment.
func fleet(now time.Time) []device {
	row := func(id, name, room, site, model, firmware, serial string, s status, silence time.Duration, note string) device {
		return device{
			ID: id, Name: name, Room: room, Site: site, Model: model, Firmware: firmware, Serial: serial,
			Status: s, Note: note, LastSeen: now.Add(-silence),
		}
	}
	const m, h = time.Minute, time.Hour
	return []device{
		row("faraday-hub", "Faraday hub", "Faraday", "London, floor 2", "RoomHub 2", "4.8.2", "RH2-80417", online, 20*time.Second, ""),
		row("faraday-bar", "Faraday bar", "Faraday", "London, floor 2", "RoomBar 180", "2.14.0", "RB1-22093", online, 40*time.Second, ""),
		row("babbage-hub", "Babbage hub", "Babbage", "London, floor 2", "RoomHub 2", "4.7.0", "RH2-80422", online, m, ""),
		row("babbage-pad", "Babbage table pad", "Babbage", "London, floor 2", "TablePad 10", "7.1.3", "TP1-51170", attention, 2*m, "The touch screen reports no input since this morning."),
		row("somerville-hub", "Somerville hub", "Somerville", "London, floor 3", "RoomHub 2", "4.8.2", "RH2-80509", online, 30*time.Second, ""),
		row("somerville-door", "Somerville door", "Somerville", "London, floor 3", "DoorPanel S", "1.9.6", "DP0-70038", online, 50*time.Second, ""),
		row("menabrea-hub", "Menabrea hub", "Menabrea", "Turin, ground floor", "RoomHub 2", "4.8.2", "RH2-80733", offline, 26*h, "Nothing heard since the power cut of yesterday."),
		row("menabrea-bar", "Menabrea bar", "Menabrea", "Turin, ground floor", "RoomBar 180", "2.12.5", "RB1-22207", offline, 26*h+4*m, "Nothing heard since the power cut of yesterday."),
		row("lagrange-bar", "Lagrange bar", "Lagrange", "Turin, ground floor", "RoomBar 180", "2.14.0", "RB1-22210", online, m, ""),
		row("noether-hub", "Noether hub", "Noether", "Berlin, floor 5", "RoomHub 2", "4.8.2", "RH2-80801", online, 15*time.Second, ""),
		row("noether-pad", "Noether table pad", "Noether", "Berlin, floor 5", "TablePad 10", "7.0.9", "TP1-51288", online, m, ""),
		row("zuse-hub", "Zuse hub", "Zuse", "Berlin, floor 5", "RoomHub 2", "4.8.2", "RH2-80804", attention, 5*m, "The microphone at the far end is muted by its switch."),
		row("zuse-door", "Zuse door", "Zuse", "Berlin, floor 5", "DoorPanel S", "1.9.6", "DP0-70121", online, 25*time.Second, ""),
		row("hopper-hub", "Hopper hub", "Hopper", "Arlington", "RoomHub 2", "4.8.2", "RH2-81013", online, 45*time.Second, ""),
		row("hopper-bar", "Hopper bar", "Hopper", "Arlington", "RoomBar 180", "2.14.0", "RB1-22460", online, 35*time.Second, ""),
		row("hamilton-door", "Hamilton door", "Hamilton", "Arlington", "DoorPanel S", "1.8.1", "DP0-70190", offline, 9*24*h, "Taken down for painting; expected back this week."),
	}
}

// history is what happened to the device lately, newest first.
func (d device) history() []event {
	seen := d.LastSeen
	if d.Reports() {
		return []event{{seen, "Last report received"}, {d.Since, "Connected, and first report received"}}
	}
	var events []event
	if !d.Restarted.IsZero() {
		events = append(events, event{d.Restarted, "Restarted by " + d.ChangedBy})
	}
	if !d.Updated.IsZero() {
		events = append(events, event{d.Updated, "Firmware " + d.Firmware + " installed by " + d.ChangedBy})
	}
	if d.Status == offline {
		events = append(events, event{seen.Add(30 * time.Minute), "Silent for half an hour; shown as offline"})
	}
	events = append(events, event{seen, "Last report received"})
	if d.Status == attention {
		events = append(events, event{seen.Add(-3 * time.Hour), d.Note})
	}
	if d.Outdated() {
		events = append(events, event{seen.Add(-31 * time.Hour), "Firmware " + d.Latest() + " offered; waiting for a quiet hour"})
	}
	return append(events,
		event{seen.Add(-3*24*time.Hour - 2*time.Hour), "Restarted by its weekly schedule"},
		event{seen.Add(-17 * 24 * time.Hour), "Firmware " + d.Firmware + " installed"},
		event{seen.Add(-140 * 24 * time.Hour), "Added to " + d.Room},
	)
}
