package view

// Challenge is the part of a form that a machine should not be able to fill in.
// The template part "challenge" draws it; the form posts the fields "challenge"
// (its id) and "answer".
type Challenge struct {
	ID   string
	Kind string
}
