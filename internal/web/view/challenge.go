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
	Fault  Message // of the answer before: see FaultOf

	Purpose  string // what it stands before, for CheckURL
	CheckURL string // where a script asks whether an answer is right
	AgainURL string // the page with another of the same kind
	OtherURL string // the page with one of the other kind

	// Addresses of what is seen and heard, each with a query.
	PictureURL string // slider, characters
	PieceURL   string // slider: what is dragged
	SoundURL   string // characters
	Foreign    bool   // it is spoken in English to a reader of another language

	// Proof of work: see package challenge.
	Salt  string
	Parts int
	Bits  int
}

// IsSlider reports whether a piece is to be dragged.
func (c *Challenge) IsSlider() bool { return c.Kind == ChallengeSlider }

// IsCharacters reports whether digits are to be typed.
func (c *Challenge) IsCharacters() bool { return c.Kind == ChallengeCharacters }

// Wrong is what is said of a wrong answer to a challenge of this kind.
func (c *Challenge) Wrong() Message {
	switch c.Kind {
	case ChallengeSlider:
		return "challenge.slider_wrong"
	case ChallengeCharacters:
		return "challenge.digits_wrong"
	default:
		return "challenge.work_failed"
	}
}

// FaultOf is what is said of the answer that was posted, which was not right.
func (c *Challenge) FaultOf(answer string) Message {
	if c.IsCharacters() && answer == "" {
		return "challenge.digits_missing"
	}
	return c.Wrong()
}
