package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"signet/internal/account"
	"signet/internal/web"
)

// consentsFlags are those of user consents. Its output is a list without end,
// so that it is written as it is read, in a format that allows for it.
type consentsFlags struct {
	all      bool
	output   string
	withdraw string
}

func userConsents(p *Process) *cobra.Command {
	var f consentsFlags
	cmd := &cobra.Command{
		Use: "consents USER", Short: "Export what people agreed to",
		Long: "Export the ledger of what a person agreed to and took back, or with --all everybody's:\n" +
			"the sentence as it was shown, its version and language, when, and where. The oldest\n" +
			"entry comes first; what stands is the last of each kind. For a person who agrees to\n" +
			"news, the last column is the link by which each such mail lets them stop it (List-\n" +
			"Unsubscribe, RFC 8058). JSON is one object a line.",
		Example: "  signet user consents ada@example.com\n  signet user consents --all -o csv > agreements.csv\n" +
			"  signet user consents ada@example.com --withdraw news",
		Args: func(cmd *cobra.Command, args []string) error {
			if f.all && len(args) == 0 {
				return nil
			}
			return oneArg("user")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.all && len(args) > 0:
				return usage("user consents: name a user or say --all, not both")
			case f.withdraw != "" && (f.all || f.withdraw != string(account.AgreeNews)):
				return usage("user consents: --withdraw takes news, for one user")
			case f.output != "text" && f.output != "json" && f.output != "csv":
				return usage("user consents: --output is text, json or csv")
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error { return f.run(ctx, h, p.Stdout, args) })
		},
	}
	cmd.Flags().BoolVar(&f.all, "all", false, "of everybody")
	cmd.Flags().StringVar(&f.withdraw, "withdraw", "", "first take back what the person agreed to, for them: `news`")
	cmd.Flags().StringVarP(&f.output, "output", "o", "text", "print `text|json|csv`")
	return cmd
}

func (f *consentsFlags) run(ctx context.Context, h *house, w io.Writer, args []string) error {
	out := newAgreementWriter(w, f.output)
	if f.all {
		for after := ""; ; {
			some, err := h.ledger.List(ctx, after, pageSize)
			if err != nil {
				return err
			}
			if len(some) == 0 {
				return out.end()
			}
			for _, a := range some {
				if err := out.write(h.agreementOf(a)); err != nil {
					return err
				}
			}
			after = some[len(some)-1].ID
		}
	}
	a, err := h.user(ctx, args[0])
	if err != nil {
		return err
	}
	if f.withdraw != "" {
		taken, err := h.ledger.Withdraw(ctx, a.ID, account.AgreementKind(f.withdraw), account.FromOperator)
		if err == nil && taken {
			err = h.record(ctx, "agreement.withdraw", a.ID, "kind", f.withdraw)
		}
		if err != nil {
			return err
		}
	}
	all, err := h.ledger.Of(ctx, a.ID)
	for i := 0; i < len(all) && err == nil; i++ {
		err = out.write(h.agreementOf(all[i]))
	}
	return errors.Join(err, out.end())
}

// agreement is an entry of the ledger as it is exported.
type agreement struct {
	At        time.Time `json:"at"`
	AccountID string    `json:"account_id"`
	Kind      string    `json:"kind"`
	Given     bool      `json:"given"`
	Source    string    `json:"source"`
	ClientID  string    `json:"client_id,omitempty"`
	Language  string    `json:"language"`
	Version   string    `json:"version"`
	Wording   string    `json:"wording"`
	Withdraw  string    `json:"withdraw,omitempty"` // the link that takes it back
}

func (h *house) agreementOf(a *account.Agreement) agreement {
	out := agreement{
		At: a.At, AccountID: a.AccountID, Kind: string(a.Kind), Given: a.Given, Source: string(a.Source),
		ClientID: a.ClientID, Language: a.Language, Version: a.Version, Wording: a.Wording,
	}
	if a.Given {
		out.Withdraw = h.cfg.Issuer + web.PathStopNews + "?link=" + h.ledger.Token(a.AccountID, a.Kind)
	}
	return out
}

// agreementWriter prints entries, one by one.
type agreementWriter struct {
	json *json.Encoder
	csv  *csv.Writer
	text io.Writer
	err  error
}

func newAgreementWriter(w io.Writer, format string) *agreementWriter {
	out := &agreementWriter{}
	switch format {
	case "json":
		out.json = json.NewEncoder(w)
		out.json.SetEscapeHTML(false)
	case "csv":
		out.csv = csv.NewWriter(w)
		out.err = out.csv.Write([]string{"at", "account_id", "kind", "given", "source", "client_id", "language", "version", "wording", "withdraw"})
	default:
		out.text = w
	}
	return out
}

func (w *agreementWriter) write(a agreement) error {
	switch {
	case w.json != nil:
		return w.json.Encode(a)
	case w.csv != nil:
		return w.csv.Write([]string{
			a.At.Format(time.RFC3339Nano), a.AccountID, a.Kind, yesNo(a.Given), a.Source, a.ClientID, a.Language, a.Version, a.Wording, a.Withdraw,
		})
	}
	return properties(w.text, [][2]string{
		{moment(a.At), a.Kind + ": " + yesNo(a.Given) + ", by " + a.Source}, {"account", a.AccountID}, {"app", a.ClientID},
		{"wording", fmt.Sprintf("%s (%s, version %s)", a.Wording, a.Language, a.Version)}, {"to withdraw", a.Withdraw},
	})
}

func (w *agreementWriter) end() error {
	if w.csv != nil {
		w.csv.Flush()
		return errors.Join(w.err, w.csv.Error())
	}
	return nil
}
