package outbound

import (
	"context"
	"errors"
	"net"
	"time"

	"signet/internal/fault"
)

const (
	dnsTimeout = 5 * time.Second // of one question
	dnsAtOnce  = 16              // questions at the same time
)

// Resolver asks the DNS about names that somebody registered.
type Resolver struct {
	dns   *net.Resolver
	slots chan struct{}
}

// NewResolver returns one that asks the server at the address and port; "": the
// servers of the system.
func NewResolver(server string) *Resolver {
	r := &net.Resolver{PreferGo: true}
	if server != "" {
		r.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, server)
		}
	}
	return &Resolver{dns: r, slots: make(chan struct{}, dnsAtOnce)}
}

// TXT returns the texts of the name; none, and no error, when there is no such
// name or it has none. A fault of kind Unavailable: it was not answered in time.
func (r *Resolver) TXT(ctx context.Context, name string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, dnsTimeout)
	defer cancel()
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return nil, unanswered(ctx.Err())
	}
	texts, err := r.dns.LookupTXT(ctx, name+".") // the whole name: no search list of the system's
	if failed, ok := errors.AsType[*net.DNSError](err); ok && failed.IsNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, unanswered(err)
	}
	return texts, nil
}

func unanswered(err error) error {
	return fault.Wrap(fault.Unavailable, err, "the DNS does not answer")
}
