package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"signet/internal/account"
	"signet/internal/declare"
	"signet/internal/org"
)

// maxDeclaration bounds what is read into memory; a wrong path may name anything.
const maxDeclaration = 64 << 20

func applyCommand(p *Process) *cobra.Command {
	var a apply
	cmd := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Make clients, users, organizations and APIs be as a file declares them",
		Long: `Make clients, users, organizations and APIs be as a YAML file declares them.

Applied twice, a file changes nothing: keep it in version control, and apply it
whenever it changes. Nodes that run see a change within two seconds.

A client is declared whole, and so is an API that tokens are for (under
resources): what its entry does not say goes back to the default. Of a user and of
an organization only what the entry says is held, because people change the rest
themselves. What no entry mentions is left alone. Everything that is wrong with the
file is reported at once, before anything is changed.

docs/guides/clients.md and docs/guides/resources.md tell what each key means.`,
		Example: `  # house.yaml
  clients:
    - id: notes
      name: Notes
      secret_file: notes.secret       # or secret; neither: a public client
      auth_method: client_secret_basic
      redirect_uris: [https://notes.example.com/callback]
      scopes: [openid, profile, email]
      trusted: true                   # of the house: no consent page
  users:
    - email: ada@example.com
      password_file: ada.password     # or password, or password_hash
      verified: true
      given_name: Ada
  organizations:
    - slug: engines                   # a short name that is its alone
      name: Analytical Engines
      owners: [ada@example.com]       # and admins, viewers
      domains: [engines.example]      # wait for their records; proven_domains: your word stands for them
      invitations:                    # by mail, once; taking a line out revokes nothing
        viewers: [bob@example.com]

  signet apply -f house.yaml --dry-run
  signet apply -f house.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.file == "" {
				return usage("apply: which file? name it with -f, or - for standard input")
			}
			text, err := a.read(p)
			if err != nil {
				return err
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error { return a.run(ctx, h, text, p.Stdout) })
		},
	}
	cmd.Flags().StringVarP(&a.file, "file", "f", "", "YAML `file` that declares clients, users, organizations and APIs; - for standard input")
	cmd.Flags().BoolVar(&a.dryRun, "dry-run", false, "print the difference and change nothing")
	return a.flag(cmd)
}

type apply struct {
	format
	file   string
	dryRun bool
}

func (a *apply) read(p *Process) ([]byte, error) {
	in := p.Stdin
	if a.file != "-" {
		f, err := os.Open(a.file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxDeclaration+1))
	if err == nil && len(text) > maxDeclaration {
		err = fmt.Errorf("%s: the file is larger than %d MiB", a.file, maxDeclaration>>20)
	}
	return text, err
}

// secret reads a file that the declaration names; such names are relative to
// the declaration's own folder.
func (a *apply) secret(path string) ([]byte, error) {
	if !filepath.IsAbs(path) && a.file != "-" {
		path = filepath.Join(filepath.Dir(a.file), path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const most = org.MaxMetadata // larger than any secret
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(text) > most {
		err = errors.New("the file is too large")
	}
	return text, err
}

// applied is what apply prints as JSON.
type applied struct {
	DryRun    bool      `json:"dry_run"`
	Changes   []changed `json:"changes"`
	Unchanged int       `json:"unchanged"`
}

type changed struct {
	Kind   string         `json:"kind"`   // resource, client, user, organization, connection
	ID     string         `json:"id"`     // the client's id, the user's address, the organization's slug, the connection's id
	Action declare.Action `json:"action"` // create, update
	Fields []changedField `json:"fields,omitempty"`
}

type changedField struct {
	Field string `json:"field"`
	Old   any    `json:"old,omitempty"` // neither of them: a secret or a password
	New   any    `json:"new,omitempty"`
}

// declared is what a declaration is compared with, and made so by.
func (h *house) declared() declare.Services {
	return declare.Services{
		Resources: h.resources, Clients: h.clients, Accounts: h.accounts, Organizations: h.orgs, Domains: h.domains, Invitations: h.invites,
		Connections: h.upstreams, Settings: h.connectionSettings(), ShutOut: h.shutOut, Record: h.record,
		Letter: func(ctx context.Context) (org.ComposeInvitation, error) {
			pages, loc, err := h.inviting("")
			if err != nil {
				return nil, err
			}
			return pages.InvitationLetter(ctx, loc), nil
		},
	}
}

func (a *apply) run(ctx context.Context, h *house, text []byte, out io.Writer) error {
	name := a.file
	if name == "-" {
		name = "standard input"
	}
	steps, err := h.declared().Plan(ctx, declare.Parse(name, text, a.secret))
	if err != nil {
		return err
	}
	done := applied{DryRun: a.dryRun, Changes: []changed{}}
	for _, step := range steps {
		if err = a.step(ctx, h, step); err != nil {
			err = fmt.Errorf("%s %s: %s", step.Kind, step.ID, explain(err))
			break // and print what was done before
		}
		if step.Action == declare.Keep {
			done.Unchanged++
			continue
		}
		c := changed{Kind: step.Kind, ID: step.ID, Action: step.Action}
		for _, d := range step.Differences {
			c.Fields = append(c.Fields, changedField{d.Field, d.Old, d.New})
		}
		done.Changes = append(done.Changes, c)
	}
	return errors.Join(err, a.print(out, done, done.text))
}

// step does the step, and notes it.
func (a *apply) step(ctx context.Context, h *house, step *declare.Step) error {
	if a.dryRun {
		return nil
	}
	if err := step.Do(ctx); err != nil || step.Action == declare.Keep {
		return err
	}
	thing := step.Kind
	if thing == "user" {
		thing = "account"
	}
	var fields []string
	for _, d := range step.Differences {
		fields = append(fields, d.Field)
	}
	details := []string{"by", "apply"}
	if len(fields) > 0 {
		details = append(details, "fields", strings.Join(fields, " "))
	}
	if step.Untried {
		details = append(details, "untried", "true")
	}
	return h.record(ctx, thing+"."+string(step.Action), step.Subject, details...)
}

func (done applied) text(w io.Writer) error {
	verb := map[declare.Action]string{declare.Create: "created", declare.Update: "updated"}
	if done.DryRun {
		verb = map[declare.Action]string{declare.Create: "would create", declare.Update: "would update"}
	}
	for _, c := range done.Changes {
		var fields, lines []string
		for _, f := range c.Fields {
			fields = append(fields, f.Field)
			if f.Old == nil && f.New == nil {
				lines = append(lines, fmt.Sprintf("    %s: another one", f.Field))
			} else {
				lines = append(lines, fmt.Sprintf("    %s: %s -> %s", f.Field, valueText(f.Old), valueText(f.New)))
			}
		}
		line := fmt.Sprintf("%s %s %s", verb[c.Action], c.Kind, printable(c.ID))
		switch {
		case len(lines) > 0 && done.DryRun:
			line += "\n" + strings.Join(lines, "\n")
		case len(fields) > 0:
			line += ": " + strings.Join(fields, ", ")
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d unchanged\n", done.Unchanged)
	return err
}

func valueText(v any) string {
	switch v := v.(type) {
	case string:
		if v == "" {
			return "(none)"
		}
		return printable(v)
	case []string:
		return printable("[" + strings.Join(v, ", ") + "]")
	case account.Address:
		return printable(strings.Join(strings.Fields(strings.Join([]string{
			v.Formatted, v.StreetAddress, v.PostalCode, v.Locality, v.Region, v.Country}, " ")), " "))
	}
	return fmt.Sprint(v)
}
