package view

// ChallengeKind says how a challenge looks.
type ChallengeKind string

// The kinds, by the names that settings and forms have for them.
const (
	ChallengeSlider     ChallengeKind = "slider"
	ChallengeCharacters ChallengeKind = "characters"
	ChallengeWork       ChallengeKind = "pow"
)

// Other is the kind that a person may choose instead. Neither of the two that
// it leads to needs eyes, and characters, which can be heard, need no script.
func (k ChallengeKind) Other() ChallengeKind {
	if k == ChallengeWork {
		return ChallengeCharacters
	}
	return ChallengeWork
}

// Challenge is the part of a form that a machine should not be able to fill in.
// A page that has one keeps it in its field Challenge (nil: there is none) and
// draws it inside its form, where the fields end and before the button, by
//
//	{{template "challenge" .}}
//
// The form posts the fields "challenge" (its id), "answer" and
// "other-challenge". The page's primary button has the id "submit": a script
// keeps it back until the answer is right.
type Challenge struct {
	ID     string
	Kind   ChallengeKind
	Solved bool    // nothing is asked any more
	Fault  Message // of the answer before

	Purpose  string // what it stands before, for CheckURL
	CheckURL string // where a script asks whether an answer is right
	AgainURL string // the page with another of the same kind
	OtherURL string // the page with one of the other kind

	// Proof of work: see package challenge.
	Salt  string
	Parts int
	Bits  int
}

// FaultOfChallenge is what a page says of an answer that was wrong, or missing.
func FaultOfChallenge(k ChallengeKind, given bool) Message {
	return "challenge.work_failed"
}
