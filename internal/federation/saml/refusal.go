package saml

import (
	"errors"
	"fmt"

	"github.com/crewjam/saml"
)

// Reason says why an answer is not believed, in a word that a page can explain.
type Reason string

// The reasons.
const (
	Malformed Reason = "malformed" // it is not what SAML asks for, or more than any provider sends
	Unsigned  Reason = "unsigned"  // not all of it is signed that must be
	Signature Reason = "signature" // the signature is wrong, or of a key that the provider's metadata does not name
	Stale     Reason = "stale"     // its time is over, or the clocks differ
	Foreign   Reason = "foreign"   // it is for another service, or of another provider
	Unasked   Reason = "unasked"   // it answers no question of ours
	Replayed  Reason = "replayed"  // it was here before
	Declined  Reason = "declined"  // the provider says no
)

// Refusal is why an answer is not believed.
type Refusal struct {
	Reason Reason
	Cause  error // for the log and for who sets up the connection
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("saml: %s: %v", r.Reason, r.Cause) }

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

func refuse(reason Reason, cause error) *Refusal { return &Refusal{reason, cause} }

// reasons are the library's errors, the more telling first.
var reasons = []struct {
	err    error
	reason Reason
}{
	{saml.ErrAssertionReplayed, Replayed},
	{saml.ErrExpired, Stale},
	{saml.ErrNotYetValid, Stale},
	{saml.ErrInvalidSignature, Signature},
	{saml.ErrDecryptionFailed, Signature},
	{saml.ErrRequestIDMismatch, Unasked},
	{saml.ErrIssuerMismatch, Foreign},
	{saml.ErrDestinationMismatch, Foreign},
	{saml.ErrAudienceMismatch, Foreign},
}

// refusal translates an error of the library.
func refusal(err error) *Refusal {
	cause := err
	var invalid *saml.InvalidResponseError
	if errors.As(err, &invalid) {
		cause = invalid.PrivateErr
	}
	var status saml.ErrBadStatus
	if errors.As(err, &status) {
		return refuse(Declined, fmt.Errorf("the provider answered with status %s", status.Status))
	}
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return refuse(r.reason, cause)
		}
	}
	return refuse(Malformed, cause)
}

// ReasonOf returns why the answer is not believed, or "".
func ReasonOf(err error) Reason {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}
