package app

import "html/template"

// flavor is what makes one app differ from the other: words and marks.
// The rest is in its style sheet and in its own pages.
type flavor struct {
	ID    string // also the name of its style sheet
	Name  string
	Start string // what the start page is called once signed in

	Promise string // the landing page's heading
	Pitch   string // and what stands under it
	Points  []string

	Mark template.HTML // a 32 by 32 drawing in currentColor
}

var flavors = map[string]flavor{
	Console: {
		ID: Console, Name: "Device console", Start: "Devices",
		Promise: "Every meeting room, at a glance",
		Pitch:   "See which devices are up, what they run and when they were last heard of, before somebody stands in front of a black screen.",
		Points:  []string{"One list for all rooms and sites", "Firmware that is out of date stands out", "What happened to each device, and when"},
		Mark: `<rect x="3" y="6" width="26" height="17" rx="3" fill="none" stroke="currentColor" stroke-width="2.6"/>` +
			`<path d="M11 28h10M16 23v5" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round"/>` +
			`<path d="M9 16l3.500-3.500 3 3L21 10" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/>`,
	},
	Frames: {
		ID: Frames, Name: "Photo Frame", Start: "The wall",
		Promise: "The family wall, wherever you are",
		Pitch:   "Somebody takes a picture, and it hangs in everybody's living room. Sign in to see what is new.",
		Points:  []string{"Pictures from the people you know", "No likes, no strangers, no advertisements", "A frame at grandmother's shows the same wall"},
		Mark: `<rect x="4" y="4" width="24" height="24" rx="1" fill="none" stroke="currentColor" stroke-width="3"/>` +
			`<path d="M8 23l5.500-7 4 4.500L20 18l4 5z" fill="currentColor"/><circle cx="20.500" cy="11.500" r="2.300" fill="currentColor"/>`,
	},
}
