package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/grant"
	"signet/internal/handle"
	sqlstore "signet/internal/store/sql"
)

// SQL checks a database against the contracts of account.Store,
// account.BrowserStore, account.SignUpStore, account.AgreementStore, account.ChangeStore,
// account.RecoveryStore, org.Store, org.InvitationStore, org.ConnectionStore, org.IdentityStore,
// org.DomainStore, org.RealmStore, org.SignOutStore, org.SetupStore, client.Store, keys.Store, grant.Families, grant.Consents, audit.Store, repeat.Store,
// outbox.Store
// and outbox.Logouts, and what the store promises on top: migrations, deadlines, the change notice.
// The function gives the address of a new, empty database.
func SQL(t *testing.T, fresh func(testing.TB) string) {
	sections := []struct {
		name string
		run  func(*testing.T, func(testing.TB) string)
	}{
		{"Accounts", testAccounts},
		{"Clients", testClients},
		{"Resources", testResources},
		{"Consents", testConsents},
		{"Families", testFamilies},
		{"Keys", testKeys},
		{"Audit", testAudit},
		{"Agreements", testAgreements},
		{"PasswordChanges", testPasswordChanges},
		{"EmailChanges", testEmailChanges},
		{"RestoredEmails", testRestoredEmails},
		{"Closings", testClosings},
		{"ChangeRaces", testChangeRaces},
		{"Mails", testMails},
		{"Logouts", testLogouts},
		{"Browsers", testBrowsers},
		{"SignUps", testSignUps},
		{"Organizations", testOrganizations},
		{"LastOwner", testLastOwner},
		{"OrganizationRaces", testOrganizationRaces},
		{"Invitations", testInvitations},
		{"Admissions", testAdmissions},
		{"InvitationRaces", testInvitationRaces},
		{"Connections", testConnections},
		{"Identities", testIdentities},
		{"Disconnects", testDisconnects},
		{"Domains", testDomains},
		{"DomainRaces", testDomainRaces},
		{"Requests", testRequests},
		{"RequestRaces", testRequestRaces},
		{"Realms", testRealms},
		{"SignOuts", testSignOuts},
		{"SetupLinks", testSetupLinks},
		{"Recoveries", testRecoveries},
		{"Changes", testChanges},
		{"Statements", testStatements},
		{"Texts", testTexts},
		{"Races", testRaces},
		{"Migrations", testMigrations},
		{"Upgrades", testUpgrades},
		{"Deadlines", testDeadlines},
		{"Seed", testSeed},
	}
	for _, s := range sections {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, fresh)
		})
	}
}

// epoch is the time at which the tests' stories begin: in microseconds, as the
// databases keep them, and not in UTC, as callers may not be.
var epoch = time.Date(2031, 5, 6, 7, 8, 9, 123456000, time.FixedZone("", 3*3600))

func newID(t testing.TB) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// want fails the test when err is not a fault of the kind; "" means no error.
func want(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != kind {
		t.Fatalf("error %v; its kind should be %q", err, kind)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

func makeAccount(t testing.TB, db *sqlstore.DB, key string) *account.Account {
	t.Helper()
	a := &account.Account{
		ID: newID(t), Email: key, EmailKey: key, EmailVerified: true,
		PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", Status: account.Active,
		Profile:   account.Profile{GivenName: "Ada", Address: &account.Address{Country: "GB"}},
		CreatedAt: epoch, UpdatedAt: epoch,
	}
	ok(t, db.CreateAccount(t.Context(), a))
	return a
}

func makeClient(t testing.TB, db *sqlstore.DB, id string) *client.Client {
	t.Helper()
	c := &client.Client{
		ID: id, SecretHash: "s256:abc", Scopes: []string{"openid", "offline_access"}, Trusted: true, AccessTokenFormat: client.TokenJWT, Accent: "#102030",
		Metadata: client.Metadata{
			Name:            "Device console",
			AuthMethod:      client.AuthBasic,
			ApplicationType: "web",
			RedirectURIs:    []string{"https://console.example/callback?x=1"},
			GrantTypes:      []string{client.GrantCode, client.GrantRefresh},
			ResponseTypes:   []string{"code"},
			IDTokenAlg:      "ES256",
			DefaultMaxAge:   60,
		},
	}
	ok(t, db.PutClient(t.Context(), c, epoch))
	return c
}

// family returns one that is not stored yet: it may rest for an hour and lives
// for a day.
func family(a *account.Account, c *client.Client) *grant.Family {
	return &grant.Family{
		Grant: grant.Grant{
			ID: handle.Short(), ClientID: c.ID, AccountID: a.ID, Scopes: []string{"openid", "offline_access"},
			Audience: []string{"https://api.example"}, SID: handle.Short(), AuthTime: epoch.UTC().Truncate(time.Second),
			ACR: "1", AMR: []string{"pwd"}, Claims: []byte(`{"userinfo":{"b":null,"a":{"essential":true}}}`),
		},
		RootKey: handle.Sum(handle.New()), Generation: 0,
		CreatedAt: epoch, RotatedAt: epoch, IdleUntil: epoch.Add(time.Hour), ExpiresAt: epoch.Add(24 * time.Hour),
	}
}

func makeFamily(t testing.TB, db *sqlstore.DB, a *account.Account, c *client.Client) *grant.Family {
	t.Helper()
	f := family(a, c)
	made, err := db.CreateFamily(t.Context(), f)
	ok(t, err)
	if !made {
		t.Fatal("CreateFamily: false for a new grant")
	}
	return f
}
