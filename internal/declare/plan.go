package declare

import (
	"context"
	"slices"

	"signet/internal/account"
	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/org"
	"signet/internal/resource"
)

// Services are what a declaration is compared with, and made so by.
type Services struct {
	Resources     *resource.Registry
	Clients       *client.Registry
	Accounts      *account.Service
	Organizations *org.Service
	Domains       *org.Domains
	Invitations   *org.Invitations
	Connections   *org.Connections
	// Settings says what is wrong with the settings of a connection.
	Settings interface {
		Check(c *org.Connection, secrets org.Secrets) error
	}
	// Letter writes invitations; it returns nil where no mail is sent.
	Letter func(ctx context.Context) (org.ComposeInvitation, error)
	// Record notes what a step does beside its own.
	Record func(ctx context.Context, action, subject string, details ...string) error
	// ShutOut makes a change to the account and ends what it has open, its sessions
	// and its refresh tokens, such that nothing stays open if the command is killed. It is
	// called when a declaration disables an account or gives it another password.
	ShutOut func(ctx context.Context, accountID string, change func() error) error
}

// Action is what a step does.
type Action string

// A client or user is made, changed, or left alone, being so already.
const (
	Create Action = "create"
	Update Action = "update"
	Keep   Action = "keep"
)

// Step is one client or user of a declaration, compared with what there is.
type Step struct {
	Kind        string // "resource", "client", "user", "organization" or "connection"
	ID          string // the client's id, or the address as declared
	Subject     string // the client's id, or the account's once there is one
	Action      Action
	Differences []Difference // of an update
	// Untried: people may sign in by the connection although no trial has passed with
	// its settings.
	Untried bool

	do   func(context.Context) (subject string, err error)
	plan func(context.Context) (*Step, error)
}

// Difference is one field that an update changes.
type Difference struct {
	Field string
	// Old and New are nil where the values are nobody's business: secrets and
	// passwords.
	Old, New any
}

// Plan compares the declaration with what there is and returns one step for
// each client and user, in order. It changes nothing. A declaration with a
// fault, of its text or of what it asks for, has no plan: the error is a
// [*Faults] with all of them.
func (s Services) Plan(ctx context.Context, d *Declaration) ([]*Step, error) {
	var steps []*Step
	faults := Faults{List: slices.Clone(d.faults.List)}
	add := func(e *entry, plan func(context.Context) (*Step, error)) error {
		step, err := plan(ctx)
		if err != nil {
			return faults.take(e, err)
		}
		step.plan = plan
		steps = append(steps, step)
		return nil
	}
	for _, r := range d.servers {
		if err := add(&r.entry, func(ctx context.Context) (*Step, error) { return s.planServer(ctx, r) }); err != nil {
			return nil, err
		}
	}
	for _, t := range d.types {
		if err := add(&t.entry, func(ctx context.Context) (*Step, error) { return s.planType(ctx, t) }); err != nil {
			return nil, err
		}
	}
	for _, c := range d.clients {
		if err := add(&c.entry, func(ctx context.Context) (*Step, error) { return s.planClient(ctx, c) }); err != nil {
			return nil, err
		}
	}
	for _, u := range d.users {
		if err := add(&u.entry, func(ctx context.Context) (*Step, error) { return s.planUser(ctx, u) }); err != nil {
			return nil, err
		}
	}
	for _, o := range d.organizations {
		if err := add(&o.entry, func(ctx context.Context) (*Step, error) { return s.planOrganization(ctx, d, o) }); err != nil {
			return nil, err
		}
	}
	for _, c := range d.connections {
		if err := add(&c.entry, func(ctx context.Context) (*Step, error) { return s.planConnection(ctx, d, c) }); err != nil {
			return nil, err
		}
	}
	return steps, faults.err()
}

// attempts is how often a step begins anew when somebody else changed the same
// meanwhile, as another node that is given the same file does.
const attempts = 5

// Do makes it so. Afterwards the step says what was done, which is nothing
// where somebody else has done it meanwhile.
func (st *Step) Do(ctx context.Context) error {
	for try := 1; ; try++ {
		if st.Action == Keep {
			return nil
		}
		subject, err := st.do(ctx)
		if err == nil {
			st.Subject = subject
			return nil
		}
		if !fault.Is(err, fault.Conflict) || try == attempts {
			return err
		}
		next, err := st.plan(ctx)
		if err != nil {
			return err
		}
		next.plan = st.plan
		*st = *next
	}
}

func (s Services) planClient(ctx context.Context, c *declaredClient) (*Step, error) {
	is, err := s.Clients.Get(ctx, c.client.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	want := c.client
	if is != nil && c.secret == "" && client.UsesSecret(want.AuthMethod) {
		want.SecretHash = is.SecretHash // the one that it has, which the file need not know
	}
	if err := s.Clients.Prepare(&want, c.secret); err != nil {
		return nil, err
	}
	step := &Step{Kind: "client", ID: want.ID, Subject: want.ID, Action: Create}
	step.do = func(ctx context.Context) (string, error) { return want.ID, s.Clients.Put(ctx, &want, "") }
	if is == nil {
		return step, nil
	}
	step.Action, step.Differences = Update, differences(clientKeys, is, &want)
	step.Differences = append(step.Differences, localizedDifferences(is.Localized, want.Localized)...)
	// Sealing is a function of the secret, so this compares secrets.
	if is.SecretHash != want.SecretHash && want.SecretHash != "" {
		step.Differences = append(step.Differences, Difference{Field: "secret"})
	}
	if is.RegistrationHash != "" {
		// It registered itself; from now on the declaration says what it is.
		step.Differences = append(step.Differences, Difference{Field: "registration_access_token"})
	}
	if len(step.Differences) == 0 {
		step.Action = Keep
	}
	return step, nil
}

func (s Services) planUser(ctx context.Context, u *declaredUser) (*Step, error) {
	if err := s.Accounts.CheckNew(u.account); err != nil {
		return nil, err
	}
	step := &Step{Kind: "user", ID: u.account.Email, Action: Create}
	is, err := s.Accounts.ByEmail(ctx, u.account.Email)
	if fault.Is(err, fault.NotFound) {
		step.do = func(ctx context.Context) (string, error) { return idOf(s.Accounts.Create(ctx, u.account)) }
		return step, nil
	}
	if err != nil {
		return nil, err
	}
	before := declared(is)
	want := before
	for _, k := range userKeys {
		if u.says(k.name) {
			assign(k.field(&want), k.field(&u.account))
		}
	}
	want.Password = u.account.Password
	if want.Email, _, err = account.NormalizeEmail(want.Email); err != nil {
		return nil, err
	}
	step.Subject, step.Action, step.Differences = is.ID, Update, differences(userKeys, &before, &want)
	password, err := s.Accounts.DiffersInPassword(ctx, is, want)
	switch {
	case err != nil:
		return nil, err
	case password:
		step.Differences = append(step.Differences, Difference{Field: "password"})
	default:
		want.Password, want.PasswordHash = "", ""
	}
	if len(step.Differences) == 0 {
		step.Action = Keep
		return step, nil
	}
	step.do = func(ctx context.Context) (string, error) {
		update := func() error { _, err := s.Accounts.Update(ctx, is, want); return err }
		if password || want.Disabled && !before.Disabled {
			return is.ID, s.ShutOut(ctx, is.ID, update)
		}
		return is.ID, update()
	}
	return step, nil
}

func idOf(a *account.Account, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return a.ID, nil
}

// declared is the account as a file would declare it, but for the password.
func declared(a *account.Account) account.New {
	return account.New{
		Email: a.Email, Verified: a.EmailVerified, Disabled: a.Status == account.Disabled, Profile: a.Profile,
	}
}
