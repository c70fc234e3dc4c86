package app

import (
	"net/http"
	"strings"
	"time"
)

// shared is a picture that somebody in the family hung on the wall.
type shared struct {
	ID, Title, By, Words string
	Alt                  string // what the picture shows, for who cannot see it
	Age                  time.Duration
	Width, Height        int
	draw                 func(*canvas)
}

// Shape is a word for the style sheet.
func (s shared) Shape() string {
	switch {
	case s.Width > s.Height:
		return "wide"
	case s.Width < s.Height:
		return "tall"
	}
	return "square"
}

// File is the address of the picture itself.
func (s shared) File() string { return "/assets/pictures/" + s.ID + ".svg" }

// When says how long ago the picture was shared.
func (s shared) When() string { return ago(s.Age) }

const day = 24 * time.Hour

// pictures hang on the wall in this order, newest first.
var pictures = []shared{
	{"harbour", "Out before breakfast", "Byron", "The wind came up just when the bread was ready.", "Two sailing boats on a calm sea in front of a low sun.", 3 * time.Hour, 800, 600, harbour},
	{"window", "She has found her place", "Annabella", "And nobody else may sit there now.", "A cat sits on a window sill and looks at the moon.", day, 600, 800, window},
	{"balloons", "Over the fields", "Ralph", "We could hear the dogs bark from up there.", "Three hot-air balloons above rolling green fields.", 2 * day, 800, 600, balloons},
	{"cake", "Seven already", "Ada", "He blew them all out at once.", "A birthday cake with seven candles.", 4 * day, 700, 700, cake},
	{"hills", "The long way home", "Anne", "Worth every minute of it.", "Layers of hills in the evening light.", 9 * day, 800, 600, hills},
	{"street", "From the hotel", "Byron", "Could not sleep, so I counted windows.", "A row of houses at night, with some of the windows lit.", 12 * day, 700, 700, street},
	{"lighthouse", "As far as the road goes", "Ralph", "We had it to ourselves, and to the gulls.", "A lighthouse on a rock shines over the sea at dusk.", 16 * day, 800, 600, lighthouse},
	{"garden", "First summer of the garden", "Annabella", "The big one is taller than Ralph.", "Sunflowers in front of a blue sky.", 20 * day, 600, 800, garden},
	{"snow", "The hut", "Ada", "The kettle took an hour.", "A hut with a lit window under snowy mountains.", 31 * day, 800, 600, snow},
}

type wallPage struct {
	frame
	Pictures []shared
	First    string // what the person is called
}

func (a *app) wall(w http.ResponseWriter, r *http.Request) error {
	page := wallPage{frame: a.frame(r, "The wall"), Pictures: pictures}
	if names := strings.Fields(page.User.Name); len(names) > 0 {
		page.First = names[0]
	}
	return a.render(w, http.StatusOK, "wall", page)
}

type picturePage struct {
	frame
	Picture        shared
	Newer, Older   *shared
	Position, Many int
}

func (a *app) picture(w http.ResponseWriter, r *http.Request) error {
	for i, p := range pictures {
		if p.ID != r.PathValue("id") {
			continue
		}
		page := picturePage{frame: a.frame(r, p.Title), Picture: p, Position: i + 1, Many: len(pictures)}
		if i > 0 {
			page.Newer = &pictures[i-1]
		}
		if i < len(pictures)-1 {
			page.Older = &pictures[i+1]
		}
		return a.render(w, http.StatusOK, "picture", page)
	}
	return errNotFound
}

// pictureFile serves the drawing. The landing page shows some, so it is open
// to all.
func (a *app) pictureFile(w http.ResponseWriter, r *http.Request) {
	for _, p := range pictures {
		if p.ID+".svg" == r.PathValue("file") {
			a.asset(w, "image/svg+xml", p.svg())
			return
		}
	}
	http.NotFound(w, r)
}
