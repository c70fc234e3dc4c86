package cli

import (
	"crypto/tls"
	"os"
	"sync/atomic"
	"time"
)

// reloading is a certificate that is read again when its file changed.
type reloading struct {
	cert, key string
	current   atomic.Pointer[loaded]
}

type loaded struct {
	certificate *tls.Certificate
	changed     time.Time
	checked     time.Time
}

func (r *reloading) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	old := r.current.Load()
	if old != nil && time.Since(old.checked) < time.Minute {
		return old.certificate, nil
	}
	info, err := os.Stat(r.cert)
	if err == nil && old != nil && info.ModTime().Equal(old.changed) {
		r.current.Store(&loaded{old.certificate, old.changed, time.Now()})
		return old.certificate, nil
	}
	if err == nil {
		var c tls.Certificate
		if c, err = tls.LoadX509KeyPair(r.cert, r.key); err == nil {
			r.current.Store(&loaded{&c, info.ModTime(), time.Now()})
			return &c, nil
		}
	}
	if old != nil {
		return old.certificate, nil // half-written files: the next look will do
	}
	return nil, err
}
