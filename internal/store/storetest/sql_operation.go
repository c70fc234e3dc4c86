package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
	sqlstore "signet/internal/store/sql"
)

// testMigrations brings empty databases up to date, from one node and from
// several at once.
func testMigrations(t *testing.T, fresh func(testing.TB) string) {
	t.Run("one node", func(t *testing.T) {
		db := openEmpty(t, sqlstore.Options{URL: fresh(t)})
		ctx := t.Context()
		version, err := db.Version(ctx)
		ok(t, err)
		pending, err := db.Pending(ctx)
		ok(t, err)
		if version != 0 || len(pending) == 0 {
			t.Fatalf("new database: version %d, pending %v", version, pending)
		}
		for range 2 {
			ok(t, db.Migrate(ctx))
			version, err = db.Version(ctx)
			ok(t, err)
			left, err := db.Pending(ctx)
			ok(t, err)
			if int(version) < len(pending) || len(left) != 0 {
				t.Fatalf("migrated: version %d, pending %v", version, left)
			}
		}
		makeAccount(t, db, "ada")
	})

	t.Run("nodes that start at once", func(t *testing.T) {
		address := fresh(t)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				db, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: address, MaxConns: 2})
				if err != nil {
					t.Errorf("Open: %v", err)
					return
				}
				defer db.Close()
				if err := db.Migrate(t.Context()); err != nil {
					t.Errorf("Migrate: %v", err)
				}
				if _, err := db.Changes(t.Context()); err != nil {
					t.Errorf("after Migrate: %v", err)
				}
			})
		}
		group.Wait()
		var applied int
		row := open(t, address).QueryRowContext(t.Context(), "SELECT count(*) FROM goose_db_version WHERE version_id = 1")
		ok(t, row.Scan(&applied))
		if applied != 1 {
			t.Errorf("the first step was applied %d times", applied)
		}
	})
}

// testStatements counts what the calls that sign-ins and refreshes wait for
// send: one statement each; SQLite's changes are in a transaction besides.
func testStatements(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	db := OpenSQL(t, address)
	ctx := t.Context()
	a, c := makeAccount(t, db, "ada"), makeClient(t, db, "console")
	f, other := makeFamily(t, db, a, c), family(a, c)
	aChange := int64(1)
	if strings.HasPrefix(address, "sqlite:") {
		aChange = 3
	}
	for _, call := range []struct {
		name string
		want int64
		do   func() error
	}{
		{"Account", 1, func() error { _, err := db.Account(ctx, a.ID); return err }},
		{"AccountByEmailKey", 1, func() error { _, err := db.AccountByEmailKey(ctx, "ada"); return err }},
		{"AccountAndBrowser", 1, func() error { _, _, err := db.AccountAndBrowser(ctx, "ada", "x"); return err }},
		{"AddBrowser", aChange, func() error { return db.AddBrowser(ctx, a.ID, "x", epoch, account.BrowserLimits{Kept: 2}, nil) }},
		{"Client", 1, func() error { _, err := db.Client(ctx, c.ID); return err }},
		{"Consent", 1, func() error { _, err := db.Consent(ctx, a.ID, c.ID); return err }},
		{"FamilyByRoot", 1, func() error { _, err := db.FamilyByRoot(ctx, f.RootKey); return err }},
		{"Ping", 1, func() error { return db.Ping(ctx) }},
		{"CreateFamily", aChange, func() error { _, err := db.CreateFamily(ctx, other); return err }},
		{"RotateFamily", aChange, func() error {
			_, err := db.RotateFamily(ctx, f.RootKey, c.ID, 0, f.IdleUntil, epoch)
			return err
		}},
		{"KeepFamily", aChange, func() error {
			_, err := db.KeepFamily(ctx, f.RootKey, c.ID, 0, f.IdleUntil, epoch)
			return err
		}},
		{"RevokeFamily", aChange, func() error { return db.RevokeFamily(ctx, f.Grant.ID, epoch) }},
		{"SetPasswordHash", aChange, func() error {
			_, err := db.SetPasswordHash(ctx, a.ID, a.PasswordHash, "new", epoch)
			return err
		}},
		{"nothing to look for", 0, func() error { _, err := db.Consent(ctx, "no id", c.ID); return err }},
	} {
		before := db.Statements()
		ok(t, call.do())
		if sent := db.Statements() - before; sent != call.want {
			t.Errorf("%s sent %d statements, want %d", call.name, sent, call.want)
		}
	}
	for _, s := range db.Stats() {
		if s.Pool == "" || s.MaxOpenConnections == 0 || s.InUse != 0 {
			t.Errorf("pool %q: %+v", s.Pool, s.DBStats)
		}
	}
}

// upgrades are databases as older versions left them: at a version of the
// schema, rows written by statements of that time, and what must hold after
// the migration to today's. A new migration gets an entry for the version
// before it.
var upgrades = []struct {
	version int64
	rows    []string
	check   func(*testing.T, *sqlstore.DB)
}{
	{1, []string{
		`INSERT INTO accounts (id, email, email_key, email_verified, password_hash, status, profile, created_at, updated_at)
			VALUES ('0198c0de-0000-7000-8000-000000000001', 'Ada@example.com', 'ada@example.com', $true, 'hash', 'active',
				'{"given_name":"Ada"}', $time, $time)`,
		`INSERT INTO clients (id, name, secret_hash, metadata, created_at, updated_at)
			VALUES ('web', 'Web', '', '{"client_id":"web","grant_types":["authorization_code"]}', $time, $time)`,
		`INSERT INTO consents (account_id, client_id, scopes, granted_at, updated_at)
			VALUES ('0198c0de-0000-7000-8000-000000000001', 'web', '["openid"]', $time, $time)`,
		`INSERT INTO token_families (grant_id, root_key, account_id, client_id, grant_data, generation,
				created_at, rotated_at, idle_until, expires_at, end_day, last_day)
			VALUES ('g1', 'r1', '0198c0de-0000-7000-8000-000000000001', 'web', '{"id":"g1","client":"web"}', 7,
				$time, $time, $later, $later, 40000, 40000)`,
		`INSERT INTO signing_keys (kid, alg, seq, private_key, public_key, created_at, active_from)
			VALUES ('k1', 'ES256', 1, 'sealed', 'public', $time, $time)`,
	}, func(t *testing.T, db *sqlstore.DB) {
		ctx := t.Context()
		a, err := db.AccountByEmailKey(ctx, "ada@example.com")
		ok(t, err)
		if a.Profile.GivenName != "Ada" || !a.EmailVerified || !a.CreatedAt.Equal(epoch) {
			t.Errorf("account %+v", a)
		}
		c, err := db.Client(ctx, "web")
		ok(t, err)
		if !c.MayGrant("authorization_code") {
			t.Errorf("client %+v", c)
		}
		consent, err := db.Consent(ctx, a.ID, "web")
		ok(t, err)
		if consent == nil || len(consent.Scopes) != 1 {
			t.Errorf("consent %+v", consent)
		}
		f, err := db.RotateFamily(ctx, "r1", "web", 7, epoch.Add(time.Hour), epoch)
		ok(t, err)
		if f == nil || f.Generation != 8 || f.Grant.ID != "g1" {
			t.Errorf("family %+v", f)
		}
		keys, err := db.SigningKeys(ctx)
		ok(t, err)
		if len(keys) != 1 || keys[0].ExpiresAt != nil || string(keys[0].Private) != "sealed" {
			t.Errorf("keys %+v", keys)
		}
	}},
	{2, []string{
		`INSERT INTO accounts (id, email, email_key, email_verified, password_hash, status, profile, created_at, updated_at)
			VALUES ('0198c0de-0000-7000-8000-000000000001', 'Ada@example.com', 'ada@example.com', $true, 'hash', 'active', '{}', $time, $time)`,
		`INSERT INTO mails (id, kind, recipient, language, subject, body_text, body_html, created_at, due_at)
			VALUES ('0198c0de-0000-7000-8000-000000000002', 'account.sign_in', 'ada@example.com', 'en', 'S', 'T', 'H', $time, $time)`,
		`INSERT INTO known_browsers (account_id, browser_key, first_seen, last_seen)
			VALUES ('0198c0de-0000-7000-8000-000000000001', 'laptop', $time, $time)`,
	}, func(t *testing.T, db *sqlstore.DB) {
		if m := claim(t, db, epoch, epoch.Add(time.Hour)); m == nil || m.To != "ada@example.com" {
			t.Errorf("the mail that waited is %+v", m)
		}
		a, err := db.AccountByEmailKey(t.Context(), "ada@example.com")
		ok(t, err)
		if seen, err := db.Browser(t.Context(), a.ID, "laptop"); err != nil || !seen.Equal(epoch) {
			t.Errorf("the laptop was last seen at %v, %v", seen, err)
		}
		tk := addTicket(t, db, a)
		if p := prove(t, db, tk, "flow", "right", epoch); p != account.Proven {
			t.Errorf("a reset after the migration: %v", p)
		}
	}},
	{16, issuerRows(), checkIssuers},
}

// Connections of which the migration to 17 knows the issuer (a), and does not.
const issuerConnections = `INSERT INTO connections (id, name, protocol, settings, enabled, version, created_at, updated_at) VALUES
	('0198c0de-0000-7000-8000-00000000000a', 'a', 'oidc', '{"oidc":{"metadata_url":"https://a.example/x/.well-known/openid-configuration"}}', $true, 1, $time, $time),
	('0198c0de-0000-7000-8000-00000000000b', 'b', 'oidc', '{"oidc":{"metadata_url":"https://b.example/.well-known/openid-configuration","tenants":["t"]}}', $true, 1, $time, $time),
	('0198c0de-0000-7000-8000-00000000000c', 'c', 'oidc', '{"oidc":{"metadata_url":"https://c.example/.well-known/openid-configuration","metadata":"{}"}}', $true, 1, $time, $time),
	('0198c0de-0000-7000-8000-00000000000d', 'd', 'saml', '{"saml":{"metadata_url":"https://d.example/.well-known/openid-configuration"}}', $true, 1, $time, $time)`

func issuerRows() []string {
	rows := []string{`INSERT INTO accounts (id, email, email_key, email_verified, password_hash, status, profile, created_at, updated_at)
		VALUES ('0198c0de-0000-7000-8000-000000000001', 'ada@example.com', 'ada@example.com', $true, 'hash', 'active', '{}', $time, $time)`, issuerConnections}
	for _, c := range []string{"a", "b", "c", "d"} {
		rows = append(rows, `INSERT INTO identities (connection_id, subject, account_id, email, created_at, last_sign_in)
			VALUES ('0198c0de-0000-7000-8000-00000000000`+c+`', 's', '0198c0de-0000-7000-8000-000000000001', '', $time, $time)`)
	}
	return rows
}

func checkIssuers(t *testing.T, db *sqlstore.DB) {
	for c, want := range map[string]string{"a": "https://a.example/x", "b": "", "c": "", "d": ""} {
		i, err := db.Identity(t.Context(), "0198c0de-0000-7000-8000-00000000000"+c, "s")
		ok(t, err)
		if i == nil || i.Issuer != want {
			t.Errorf("%s: %+v, want the issuer %q", c, i, want)
		}
	}
}

// testUpgrades migrates each of the upgrades to today.
func testUpgrades(t *testing.T, fresh func(testing.TB) string) {
	for _, u := range upgrades {
		t.Run(fmt.Sprint("from ", u.version), func(t *testing.T) {
			address := fresh(t)
			db := openEmpty(t, sqlstore.Options{URL: address})
			ok(t, db.MigrateTo(t.Context(), u.version))
			if version, err := db.Version(t.Context()); err != nil || version != u.version {
				t.Fatalf("version %d, %v; want %d", version, err, u.version)
			}
			// Values whose form differs between the databases.
			values := strings.NewReplacer("$true", "true",
				"$time", "'"+epoch.Format(time.RFC3339Nano)+"'", "$later", "'2099-01-01T00:00:00Z'")
			if strings.HasPrefix(address, "sqlite:") {
				values = strings.NewReplacer("$true", "1", "$time", fmt.Sprint(epoch.UnixMicro()),
					"$later", fmt.Sprint(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()),
					"'sealed'", "CAST('sealed' AS BLOB)", "'public'", "CAST('public' AS BLOB)")
			}
			raw := open(t, address)
			for _, row := range u.rows {
				mustExec(t, raw, values.Replace(row))
			}
			ok(t, db.Migrate(t.Context()))
			u.check(t, db)
		})
	}
}

// testDeadlines is in the store's way and sees that it gives up in time, and
// recovers.
func testDeadlines(t *testing.T, fresh func(testing.TB) string) {
	const deadline = 400 * time.Millisecond
	address := fresh(t)
	OpenSQL(t, address)
	db := openEmpty(t, sqlstore.Options{URL: address, Deadline: deadline})
	ctx := t.Context()
	a, c := makeAccount(t, db, "ada"), makeClient(t, db, "console")
	f := makeFamily(t, db, a, c)

	unavailable := func(name string, call func(context.Context) error) {
		t.Helper()
		start := time.Now()
		err := call(ctx)
		took := time.Since(start)
		want(t, err, fault.Unavailable)
		// Generous upwards, for a machine with other work to do.
		if took < deadline/2 || took > 4*deadline {
			t.Errorf("%s gave up after %v, the deadline is %v", name, took, deadline)
		}
	}

	// Another process writes and does not commit: on PostgreSQL the row is
	// locked, on SQLite the file.
	other, err := open(t, address).Conn(ctx)
	ok(t, err)
	defer other.Close()
	for _, text := range []string{"BEGIN", "UPDATE token_families SET generation = generation", "UPDATE clients SET name = name"} {
		_, err = other.ExecContext(ctx, text)
		ok(t, err)
	}
	unavailable("RotateFamily", func(ctx context.Context) error {
		_, err := db.RotateFamily(ctx, f.RootKey, c.ID, 0, f.IdleUntil, epoch)
		return err
	})
	unavailable("PutClient", func(ctx context.Context) error { return db.PutClient(ctx, c, epoch) })
	// Who reads does not wait.
	for range 20 {
		got, err := db.FamilyByRoot(ctx, f.RootKey)
		ok(t, err)
		if got.Generation != 0 {
			t.Errorf("generation %d", got.Generation)
		}
	}
	_, err = other.ExecContext(ctx, "ROLLBACK")
	ok(t, err)
	got, err := db.RotateFamily(ctx, f.RootKey, c.ID, 0, f.IdleUntil, epoch)
	ok(t, err)
	if got == nil || got.Generation != 1 {
		t.Errorf("after the lock was gone: %+v; what was given up was done all the same", got)
	}

	t.Run("a caller that has gone", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		_, err := db.Account(ctx, a.ID)
		want(t, err, fault.Unavailable)
	})
}

// testSeed makes accounts in bulk, twice.
func testSeed(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	template := account.Account{
		Email: "User@Example.com", EmailKey: "user@example.com", EmailVerified: true,
		PasswordHash: "hash", Status: account.Active, Profile: account.Profile{Name: "User"},
		CreatedAt: epoch, UpdatedAt: epoch,
	}
	last := 0
	ok(t, db.SeedAccounts(ctx, 300, template, func(done int) { last = done }))
	ok(t, db.SeedAccounts(ctx, 2_600, template, nil))
	if last != 300 {
		t.Errorf("progress ended at %d", last)
	}
	for _, i := range []int{1, 300, 301, 2_600} {
		got, err := db.AccountByEmailKey(ctx, sqlstore.SeedAddress(template.EmailKey, i))
		ok(t, err)
		if got.Email != sqlstore.SeedAddress(template.Email, i) || got.Profile.Name != "User" || got.Status != account.Active {
			t.Errorf("account %d: %+v", i, got)
		}
	}
	_, err := db.AccountByEmailKey(ctx, sqlstore.SeedAddress(template.EmailKey, 2_601))
	want(t, err, fault.NotFound)
}
