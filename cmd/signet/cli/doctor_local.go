package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"signet/internal/keys"
	"signet/internal/store/kv"
)

// settings: they were read, so all are well-formed; what is well-formed can
// still be unwise.
func (d *doctor) settings() {
	d.ok("settings", "issuer %s", d.cfg.Issuer)
	if len(d.cfg.Limits.Exempt) > 0 && !d.loopback() {
		d.warn("settings", "remove limits.exempt (SIGNET_LIMITS_EXEMPT) after the load test",
			"passwords may be guessed without limit from %v", d.cfg.Limits.Exempt)
	}
	if d.cfg.Outbound.AllowPrivate && !d.loopback() {
		d.warn("settings", "set outbound.allow_private (SIGNET_OUTBOUND_ALLOW_PRIVATE) to false, unless this is a closed network",
			"whoever registers an app can make this machine fetch private addresses")
	}
}

func (d *doctor) dataFolder() {
	const name = "data folder"
	info, err := os.Stat(d.cfg.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.warn(name, "start signet serve, which makes it; or set data (SIGNET_DATA)", "%s is not there yet", d.cfg.Data)
		return
	case err != nil:
		d.fail(name, "set data (SIGNET_DATA) to a folder that this user can read", "%v", err)
		return
	case !info.IsDir():
		d.fail(name, "set data (SIGNET_DATA) to a folder", "%s is a file", d.cfg.Data)
		return
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		d.fail(name, "chmod go-w "+d.cfg.Data, "others can write to %s (mode %04o)", d.cfg.Data, mode)
		return
	}
	probe, err := os.CreateTemp(d.cfg.Data, ".doctor-*")
	if err != nil {
		d.fail(name, "give it to this user, or set data (SIGNET_DATA) to another", "nothing can be written: %v", err)
		return
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		d.fail(name, "check the disk", "%v", err)
		return
	}
	d.ok(name, "%s", d.cfg.Data)
}

// masterKey returns the key, or nil when there is none that can be used.
func (d *doctor) masterKey() *keys.Master {
	const name = "master key"
	if path := d.cfg.MasterKeyPath(); d.cfg.MasterKey.IsZero() {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			d.warn(name, "start signet serve, which makes it; several nodes need master_key (SIGNET_MASTER_KEY_FILE)", "there is none yet at %s", path)
			return nil
		}
	}
	master, err := masterKey(d.cfg)
	if err != nil {
		d.fail(name, "", "%v", err)
		return nil
	}
	from := "from the settings"
	if d.cfg.MasterKey.IsZero() {
		from = d.cfg.MasterKeyPath() + ": keep a copy, apart from the database's"
	}
	d.ok(name, "%s", from)
	return &master
}

// A clock that differs by less does no harm; one that differs by more makes
// tokens that are not yet valid, or over too soon.
const (
	skewWarn = 2 * time.Second
	skewFail = 30 * time.Second
)

// database reports whether it can be asked further.
func (d *doctor) database(ctx context.Context) bool {
	const name = "database"
	address := d.cfg.Database.URL.Address()
	if path := d.cfg.Database.SQLitePath(); path != "" {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) { // opening it would make it
			d.warn(name, "start signet serve, which makes it; or signet migrate", "%s is not there yet", path)
			return false
		}
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			d.warn(name, "chmod 600 "+path, "others can read %s (mode %04o)", path, info.Mode().Perm())
		}
	}
	if err := d.openDatabase(ctx); err != nil {
		d.fail(name, "start it, or correct database.url (SIGNET_DATABASE_URL)", "%s", strings.TrimPrefix(explain(err), name+" "))
		return false
	}
	about, err := d.db.About(ctx)
	if err != nil {
		d.fail(name, "look into the database's own log", "%s: %s", address, explain(err))
		return false
	}
	d.ok(name, "%s at %s answers in %s", about.Version, address, about.Took.Round(10*time.Microsecond))
	d.clock(about.Skew, about.Took)
	return d.migrations(ctx)
}

// clock compares with the database's, which is the one that all nodes share. An
// embedded one has the clock of this machine.
func (d *doctor) clock(skew, took time.Duration) {
	const name, fix = "clock", "let chrony or systemd-timesyncd set the clocks of this machine and the database's"
	switch off := skew.Abs() - took; {
	case d.cfg.Database.IsSQLite():
	case off > skewFail:
		d.fail(name, fix, "this machine and the database are %s apart", skew.Abs().Round(time.Millisecond))
	case off > skewWarn:
		d.warn(name, fix, "this machine and the database are %s apart", skew.Abs().Round(time.Millisecond))
	default:
		d.ok(name, "within %s of the database's", (skew.Abs() + took).Round(time.Millisecond))
	}
}

func (d *doctor) migrations(ctx context.Context) bool {
	const name = "migrations"
	pending, err := d.db.Pending(ctx)
	if err != nil {
		d.fail(name, "give the database's user the right to read its tables", "%s", explain(err))
		return false
	}
	version, err := d.db.Version(ctx)
	switch {
	case err != nil:
		d.fail(name, "give the database's user the right to read its tables", "%s", explain(err))
	case len(pending) > 0:
		d.warn(name, "run signet migrate, or start signet serve, which does it", "%d to be applied: %v", len(pending), pending)
	default:
		d.ok(name, "up to date, at version %d", version)
	}
	return err == nil && len(pending) == 0
}

func (d *doctor) signingKeys(ctx context.Context, master keys.Master) {
	const name = "signing keys"
	c := d.cfg.Keys
	d.keys = keys.NewManager(d.db, master, keys.Config{Algorithms: c.Algorithms}, time.Now)
	if err := d.keys.Load(ctx); err != nil {
		d.fail(name, "restore the master key that was used before", "%s", explain(err))
		return
	}
	var next time.Time
	newest := map[string]time.Time{}
	for _, k := range d.keys.Set().Keys() {
		newest[k.Alg] = k.ActiveFrom
	}
	for _, alg := range c.Algorithms {
		if _, err := d.keys.Set().Signer(alg); err != nil {
			d.warn(name, "start signet serve, which makes it", "there is no %s key yet", alg)
			return
		}
		if due := newest[alg].Add(c.RotateEvery - c.PublishAhead); next.IsZero() || due.Before(next) {
			next = due
		}
	}
	if late := time.Since(next); late > time.Hour {
		d.warn(name, "start signet serve: a node that runs rotates them", "they should have been rotated %s ago", late.Round(time.Hour))
		return
	}
	d.ok(name, "%d published; the next one is made %s", len(d.keys.Set().Keys()), moment(next))
}

// shortLived checks the store of sessions, flows and codes.
func (d *doctor) shortLived(ctx context.Context) {
	r := d.cfg.Redis
	if r.URL.IsZero() {
		if !d.cfg.Database.IsSQLite() {
			d.ok("redis", "none: PostgreSQL keeps sessions and codes, too")
		}
		return
	}
	const name = "redis"
	backend, err := kv.OpenRedis(r.URL.Reveal(), r.PoolSize, r.Deadline)
	if err != nil {
		d.fail(name, "correct redis.url (SIGNET_REDIS_URL)", "%s", explain(err))
		return
	}
	defer backend.Close()
	about, err := backend.About(ctx)
	switch {
	case err != nil:
		d.fail(name, "start it, or correct redis.url (SIGNET_REDIS_URL)", "%s: %s", r.URL.Address(), explain(err))
	case about.Evicts != "":
		d.warn(name, "set maxmemory-policy to noeviction", "%s at %s may forget sessions before their time (maxmemory-policy %s)", about.Version, r.URL.Address(), about.Evicts)
	default:
		d.ok(name, "%s at %s answers in %s", about.Version, r.URL.Address(), about.Took.Round(10*time.Microsecond))
	}
}

// expiring is how long before its end a certificate should have been renewed.
const expiring = 14 * 24 * time.Hour

// certificate checks the provider's own; that it can be used, the settings'
// check has seen.
func (d *doctor) certificate() {
	if !d.cfg.TLS.Enabled() {
		return
	}
	pair, err := tls.LoadX509KeyPair(d.cfg.TLS.Cert, d.cfg.TLS.Key)
	if err != nil {
		d.fail("certificate", "correct tls.cert and tls.key (SIGNET_TLS_CERT, SIGNET_TLS_KEY)", "%v", err)
		return
	}
	d.expiry("certificate", d.cfg.TLS.Cert, pair.Leaf)
}

// clientCertificates says whether apps can prove who they are by theirs.
func (d *doctor) clientCertificates() {
	const name = "client certificates"
	m := d.cfg.MTLS
	if !m.Asked() {
		return
	}
	if m.Shared && m.Listen == "" && m.Header == "" {
		d.warn(name, "set mtls.listen (SIGNET_MTLS_LISTEN) in its place, unless nobody signs in here with a browser",
			"browsers ask people for a certificate at the main address (mtls.shared)")
	}
	if m.CA == "" {
		d.ok(name, "asked for; no authority is trusted, so that apps register their own")
		return
	}
	rest, err := os.ReadFile(m.CA)
	if err != nil {
		d.fail(name, "correct mtls.ca (SIGNET_MTLS_CA)", "%v", err)
		return
	}
	for block, rest := pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
		authority, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			d.fail(name, "remove it from "+m.CA, "a certificate cannot be read: %v", err)
			continue
		}
		d.expiry(name, authority.Subject.String(), authority)
	}
}

func (d *doctor) expiry(name, where string, leaf *x509.Certificate) {
	const fix = "renew it; a node that runs reads the new file by itself"
	left := time.Until(leaf.NotAfter)
	until := fmt.Sprintf("%s is good until %s", where, moment(leaf.NotAfter))
	switch {
	case left <= 0:
		d.fail(name, fix, "%s is over since %s", where, moment(leaf.NotAfter))
	case time.Now().Before(leaf.NotBefore):
		d.fail(name, "correct the clock, or wait", "%s is not good before %s", where, moment(leaf.NotBefore))
	case left < expiring:
		d.warn(name, fix, "%s", until)
	default:
		d.ok(name, "%s", until)
	}
}
