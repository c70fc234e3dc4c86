// Package states lists the states of every page, with values that are hard on
// the layout here and there. Tests render each of them, and package gallery
// writes them out to be looked at. The program itself does not import it.
package states

import (
	"time"

	"signet/internal/web/view"
)

// State is one page in one situation.
type State struct {
	Name string // page and situation: "signin/password/wrong"
	Page func() view.Page
}

// All are the states of all pages.
func All() []State {
	var all []State
	for _, table := range [][]State{
		identifier(), password(), choose(), chooseOrganization(), consent(), device(), errors(), signOut(), formPost(), account(), profile(), stopNews(), owner(), links(), mailbox(),
		recovery(), federation(), orgs(), invite(), connectPages(), approve(), challenges(), signUp(),
	} {
		all = append(all, table...)
	}
	return all
}

func state(name string, page func() view.Page) State { return State{Name: name, Page: page} }

var (
	console = view.App{ID: "web", Name: "Device console", Domain: "devices.example"}
	frames  = view.App{
		ID: "frames", Name: "Photo Frame", Domain: "frames.example", Accent: "#e8590c",
		HomeURL: "https://frames.example/", PrivacyURL: "https://frames.example/privacy", TermsURL: "https://frames.example/terms",
	}
	ada = view.Person{Name: "Ada Lovelace", Email: "ada@example.com"}
	// long has a name and an address that must not break a narrow page.
	long = view.Person{
		Name:  "Wolfeschlegelsteinhausenbergerdorff the Elder of Sankt-Wolfgang",
		Email: "wolfeschlegelsteinhausenbergerdorff@students.mathematics.example.org",
	}
	noon = time.Date(2026, time.November, 23, 12, 5, 0, 0, time.UTC)
)

// frame is what pages have in common: the app that asks and the languages.
func frame(app *view.App) view.Frame {
	return view.Frame{App: app, Languages: view.LanguageChoice{Action: "/language", Return: "/signin?flow=1"}}
}

// asked is the frame of a page of a flow: the way back to the app is in it.
func asked(app *view.App) view.Frame {
	f := frame(app)
	if app != nil {
		leave := form("/signin/cancel")
		f.Leave = &leave
	}
	return f
}

func form(action string) view.Form {
	return view.Form{Action: action, Hidden: []view.Pair{{Name: "flow", Value: "f1"}}}
}
