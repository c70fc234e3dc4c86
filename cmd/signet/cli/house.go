package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"signet/config"
	"signet/internal/account"
	"signet/internal/challenge"
	"signet/internal/ciba"
	"signet/internal/client"
	"signet/internal/device"
	"signet/internal/grant"
	"signet/internal/httpd"
	"signet/internal/keys"
	"signet/internal/logout"
	"signet/internal/org"
	"signet/internal/outbound"
	"signet/internal/refusal"
	"signet/internal/repeat"
	"signet/internal/resource"
	"signet/internal/session"
	"signet/internal/store/kv"
	sqlstore "signet/internal/store/sql"
)

// house is the domain with its stores: what the server and the operator's
// commands share.
type house struct {
	cfg        *config.Config
	db         *sqlstore.DB
	kv         kv.Backend
	clients    *client.Registry
	resources  *resource.Registry
	accounts   *account.Service
	browsers   *account.Browsers
	ledger     *account.Ledger
	signUps    *account.SignUps
	changes    *account.Changes
	orgs       *org.Service
	invites    *org.Invitations
	upstreams  *org.Connections
	arrivals   *org.Arrivals
	domains    *org.Domains
	realms     *org.Realms
	setups     *org.Setups
	logouts    *logout.Notifier
	sessions   *session.Service
	devices    *device.Service
	grants     *grant.Service
	keys       *keys.Manager
	challenges *challenge.Service
	ciba       *ciba.Service
	refusals   *refusal.Service
	repeats    *repeat.Service
	recoveries *account.Recoveries
	hasher     *account.Hasher
	subjects   []byte // makes pairwise subjects
	nonces     []byte // makes the nonces of DPoP
	closers    []func() error
}

// openHouse opens the stores, migrates them, and joins the parts.
func openHouse(ctx context.Context, cfg *config.Config) (*house, error) {
	h := &house{cfg: cfg}
	if err := h.open(ctx); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *house) open(ctx context.Context) error {
	if err := os.MkdirAll(h.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("the data folder cannot be made: %w; set data (SIGNET_DATA) to one that can", err)
	}
	if err := h.openDatabase(ctx); err != nil {
		return fmt.Errorf("%w Start it, or correct database.url (SIGNET_DATABASE_URL)", err)
	}
	if err := h.db.Migrate(ctx); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	if err := h.missesMasterKey(ctx); err != nil {
		return err
	}
	master, err := masterKey(h.cfg)
	if err != nil {
		return err
	}
	if err := h.openKV(ctx); err != nil {
		return err
	}
	return h.join(ctx, master)
}

// missesMasterKey is the error of a database that was restored without its master
// key. To make one in its place would only hide what is missing.
func (h *house) missesMasterKey(ctx context.Context) error {
	path := h.cfg.MasterKeyPath()
	if _, err := os.Stat(path); !h.cfg.MasterKey.IsZero() || !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	sealed, err := h.db.SigningKeys(ctx)
	if err != nil || len(sealed) == 0 {
		return err
	}
	return fmt.Errorf("the database's keys are sealed by a master key that is not at %s: put it back there, or set master_key (SIGNET_MASTER_KEY_FILE)", path)
}

func masterKey(cfg *config.Config) (keys.Master, error) {
	if !cfg.MasterKey.IsZero() {
		return keys.ParseMaster(cfg.MasterKey.Reveal())
	}
	return keys.LoadMaster(cfg.MasterKeyPath())
}

func (h *house) databaseOptions() sqlstore.Options {
	d := h.cfg.Database
	return sqlstore.Options{URL: d.URL.Reveal(), MaxConns: d.PoolSize, Deadline: d.Deadline}
}

func (h *house) openDatabase(ctx context.Context) error {
	db, err := sqlstore.Open(ctx, h.databaseOptions())
	if err != nil {
		return fmt.Errorf("database %s: %w", h.cfg.Database.URL.Address(), err)
	}
	h.db = db
	h.closers = append(h.closers, db.Close)
	return nil
}

func (h *house) openKV(ctx context.Context) error {
	if r := h.cfg.Redis; !r.URL.IsZero() {
		backend, err := kv.OpenRedis(r.URL.Reveal(), r.PoolSize, r.Deadline)
		if err != nil {
			return fmt.Errorf("redis: %w", err)
		}
		h.kv = backend
		h.closers = append(h.closers, backend.Close)
		return nil
	}
	conns, err := sqlstore.OpenShortLived(h.databaseOptions())
	if err != nil {
		return err
	}
	h.closers = append(h.closers, conns.Close)
	dialect := kv.SQLite
	if conns.Postgres {
		dialect = kv.Postgres
	}
	backend, err := kv.OpenSQL(ctx, kv.SQLOptions{
		Dialect: dialect, Writer: conns.Writer, Reader: conns.Reader, Now: time.Now, Timeout: h.cfg.Database.Deadline,
	})
	if err != nil {
		return err
	}
	h.kv = backend
	h.closers = append(h.closers, backend.Close)
	return nil
}

func (h *house) join(ctx context.Context, master keys.Master) error {
	c := h.cfg
	var err error
	h.hasher, err = account.NewHasher(account.HashParams{
		Memory: int(c.Hashing.Memory >> 10), Iterations: c.Hashing.Iterations, Parallelism: c.Hashing.Parallelism, AtOnce: c.Hashing.Concurrency,
	})
	if err != nil {
		return err
	}
	h.keys = keys.NewManager(h.db, master, keys.Config{
		Algorithms: c.Keys.Algorithms, RSABits: c.Keys.RSABits, RotateEvery: c.Keys.RotateEvery, PublishAhead: c.Keys.PublishAhead,
		Linger: max(c.Lifetimes.AccessToken, c.Lifetimes.IDToken) + time.Minute,
	}, time.Now)
	if err := h.keys.Ensure(ctx); err != nil {
		return err
	}
	h.subjects = master.Derive("pairwise subjects")
	h.nonces = master.Derive("DPoP nonces")
	secrets := client.NewSecrets(master.Derive("client secrets"))
	h.clients = client.NewRegistry(h.db, secrets, h.clientRules(), time.Now)
	h.resources = resource.NewRegistry(h.db, time.Now)
	h.accounts = account.NewService(h.db, h.hasher, h.guard("sign-in", c.Limits.SignInAccount, c.Limits.SignInNetwork), time.Now)
	h.recoveries = account.NewRecoveries(h.db, h.accounts,
		h.codeGuard(), h.guard("recovery code", c.Limits.CodeAccount, c.Limits.CodeNetwork),
		master.Derive("recovery codes"), account.RecoveryRules{Code: c.Lifetimes.RecoveryCode, Tries: c.Limits.CodeTries}, time.Now)
	h.browsers = account.NewBrowsers(h.db, time.Now)
	h.changes = account.NewChanges(h.db, h.accounts, c.Account.ClosingGrace, time.Now)
	h.orgs = org.NewService(h.db, org.Rules{MostOwned: c.Organizations.MostOwned, Grace: c.Organizations.Grace}, time.Now)
	h.invites = org.NewInvitations(h.db, h.orgs, h.invitationGuard(), c.Organizations.Invitation, time.Now)
	h.domains = org.NewDomains(h.orgs, h.db, outbound.NewResolver(c.DNS.Server), org.DomainRules{
		Recheck: c.Organizations.DomainRecheck, Grace: c.Organizations.DomainGrace,
	}, time.Now)
	h.upstreams = org.NewConnections(h.domains, h.db, master.Sealer("connections"), time.Now)
	h.arrivals = org.NewArrivals(h.db, h.db, h.domains.ProvenBy, time.Now)
	h.realms = org.NewRealms(h.db, h.db)
	h.setups = org.NewSetups(h.orgs, h.db, c.Organizations.SetupLink, time.Now)
	h.ledger = account.NewLedger(h.db, master.Derive("withdrawal links"), time.Now)
	h.signUps = account.NewSignUps(h.db, h.hasher, h.guard("sign-in", c.Limits.SignInAccount, c.Limits.SignInNetwork), h.signUpGate(), master.Derive("sign-up codes"), account.SignUpRules{
		Waiting: c.SignUp.Waiting,
		Mails:   account.MailLimits{Pause: c.SignUp.ResendAfter, Most: c.Limits.SignUpMails.Count, Window: c.Limits.SignUpMails.Window},
	}, time.Now)
	h.joinProtocol(master)
	return nil
}

// joinProtocol makes what signs people in to apps: sessions and flows, what guards
// them, and what is granted.
func (h *house) joinProtocol(master keys.Master) {
	c, l := h.cfg, h.cfg.Lifetimes
	h.logouts = logout.NewNotifier(h.clients, h.db, time.Now)
	h.sessions = session.NewService(kv.NewSessions(h.kv, time.Now), h.flowGate(), h.logouts, session.Lifetimes{
		Idle: l.SessionIdle, Absolute: l.SessionAbsolute, RememberIdle: l.RememberedIdle, Remember: l.RememberedAbsolute, Flow: l.Flow, Pushed: l.PushedRequest,
	}, time.Now)
	h.refusals = refusal.NewService(kv.NewRefusals(h.kv), h.refusalGate(), l.Refusal)
	h.repeats = repeat.NewService(h.db, master.Sealer("answers"), time.Now)
	h.devices = device.NewService(kv.NewDevices(h.kv), h.flowGate(), h.deviceGuard(), device.Rules{Life: l.DeviceCode, Interval: l.DeviceInterval}, time.Now)
	h.ciba = ciba.NewService(kv.NewCIBA(h.kv), master.Derive("backchannel requests"), ciba.Times{
		Life: l.Backchannel, Most: l.BackchannelMost, Interval: l.BackchannelInterval,
	}, time.Now)
	h.challenges = challenge.NewService(kv.NewChallenges(h.kv), h.challengeGuard(), challenge.Settings{
		Kinds: map[challenge.Purpose]challenge.Kind{
			challenge.SignUp: challenge.Kind(c.Challenge.SignUp), challenge.Recover: challenge.Kind(c.Challenge.Recover),
		},
		WorkBits: c.Challenge.PowBits,
	})
	h.grants = grant.NewService(kv.NewCodes(h.kv), h.db, h.db, master.Derive("refresh tokens"), grant.Lifetimes{
		Code: l.Code, AccessToken: l.AccessToken, RefreshIdle: l.RefreshIdle, RefreshAbsolute: l.RefreshAbsolute, RefreshGrace: l.RefreshGrace,
	}, time.Now)
}

// clientRules are what clients are held to.
func (h *house) clientRules() client.Rules {
	return client.Rules{
		Loopback: h.loopback(), Algs: h.cfg.Keys.Algorithms, Certificates: h.cfg.MTLS.Asked(), Authorities: h.cfg.MTLS.CA != "",
	}
}

// loopback reports whether the issuer never leaves this machine, so that
// clients need not either.
func (h *house) loopback() bool {
	u, err := url.Parse(h.cfg.Issuer)
	return err == nil && client.IsLoopback(u.Hostname())
}

func (h *house) close() error {
	var errs []error
	for i := len(h.closers) - 1; i >= 0; i-- {
		errs = append(errs, h.closers[i]())
	}
	return errors.Join(errs...)
}

// basePath is the path of the issuer, without a slash at its end.
func (h *house) basePath() string {
	u, err := url.Parse(h.cfg.Issuer)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(u.Path, "/")
}

func (h *house) secure() bool { return strings.HasPrefix(h.cfg.Issuer, "https://") }

func (h *house) cookies() *httpd.Cookies {
	site := http.SameSiteLaxMode
	if h.cfg.Cookies.SameSite == config.SameSiteNone {
		site = http.SameSiteNoneMode
	}
	return httpd.NewCookies(h.secure(), site)
}
