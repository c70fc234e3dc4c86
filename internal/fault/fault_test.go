package fault_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"signet/internal/fault"
)

func TestOnlyTheMessageOfAFaultIsPublic(t *testing.T) {
	secret := errors.New("pq: password authentication failed for user signet")
	cases := []struct {
		name string
		err  error
		kind fault.Kind
		want string
	}{
		{"fault", fault.Wrap(fault.Invalid, secret, "The address is not complete."), fault.Invalid, "The address is not complete."},
		{"wrapped fault", fmt.Errorf("sign in: %w", fault.New(fault.Limited, "Please wait a minute.")), fault.Limited, "Please wait a minute."},
		{"internal fault", fault.Wrap(fault.Internal, secret, "row 7 is broken"), fault.Internal, "Something went wrong on our side."},
		{"plain error", secret, fault.Internal, "Something went wrong on our side."},
		{"deadline", fmt.Errorf("query: %w", context.DeadlineExceeded), fault.Unavailable, "not reachable"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := fault.KindOf(c.err); got != c.kind {
				t.Errorf("KindOf = %q, want %q", got, c.kind)
			}
			got := fault.Public(c.err)
			if !strings.Contains(got, c.want) {
				t.Errorf("Public = %q, want %q in it", got, c.want)
			}
			if strings.Contains(got, "password authentication") {
				t.Errorf("Public shows the cause: %q", got)
			}
		})
	}
}
