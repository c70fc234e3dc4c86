package op

// RFC 9449 §8, §9: nonces of the server, without which a proof could be made now
// for a time to come. They are kept nowhere: each is made of the time and a
// secret of the nodes (ADR 0015).

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

const (
	// noncePeriod is how long all clients are given the same nonce.
	noncePeriod = 3 * time.Minute
	// noncePeriods is for how many periods a nonce is taken, that of its making
	// included: a client that got it in the last second has time to use it.
	noncePeriods = 2
	nonceTag     = 16 // bytes
)

type nonces struct{ secret []byte }

// at returns the nonce of the time.
func (n nonces) at(now time.Time) string { return n.of(period(now)) }

// valid reports whether the nonce was given out lately, by any node. One that is
// early is from a node whose clock is ahead.
func (n nonces) valid(nonce string, now time.Time) bool {
	current := period(now)
	for k := current + 1; k > current-noncePeriods; k-- {
		if hmac.Equal([]byte(nonce), []byte(n.of(k))) {
			return true
		}
	}
	return false
}

func period(now time.Time) int64 { return now.Unix() / int64(noncePeriod/time.Second) }

func (n nonces) of(period int64) string {
	mac := hmac.New(sha256.New, n.secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(period)))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:nonceTag])
}
