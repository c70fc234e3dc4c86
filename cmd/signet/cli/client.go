package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"signet/internal/client"
	"signet/internal/fault"
)

func clientCommand(p *Process) *cobra.Command {
	return group("client", "Register and see the apps that may sign people in",
		"Register and see clients: the apps that may sign people in. What is written in a\n"+
			"file and kept in version control is declared with signet apply instead.",
		clientList(p), clientShow(p), clientCreate(p), clientSecret(p), clientDelete(p))
}

// pageSize is how many things are read at once.
const pageSize = 500

func clientList(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "list", Short: "List all clients", Long: "List all clients, by id.",
		Example: "  signet client list\n  signet client list -o json | jq -r '.clients[].client_id'",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				all, err := allClients(ctx, h)
				if err != nil {
					return err
				}
				return f.print(p.Stdout, map[string][]*client.Client{"clients": all}, func(w io.Writer) error {
					return clientTable(w, all)
				})
			})
		},
	}
	return f.flag(cmd)
}

func allClients(ctx context.Context, h *house) ([]*client.Client, error) {
	all := []*client.Client{} // [] in JSON, not null
	for after := ""; ; after = all[len(all)-1].ID {
		some, err := h.clients.List(ctx, after, pageSize)
		if err != nil {
			return nil, err
		}
		if all = append(all, some...); len(some) < pageSize {
			return all, nil
		}
	}
}

func clientTable(w io.Writer, all []*client.Client) error {
	var rows [][]string
	for _, c := range all {
		rows = append(rows, []string{c.ID, c.Name, c.AuthMethod, strings.Join(c.GrantTypes, " "), yesNo(c.Trusted), moment(c.UpdatedAt)})
	}
	return table(w, []string{"ID", "NAME", "AUTH METHOD", "GRANT TYPES", "TRUSTED", "CHANGED"}, rows)
}

func clientShow(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "show CLIENT", Short: "Show a client", Long: "Show what is registered of a client. Its secret is not kept in a form that could be shown.",
		Example: "  signet client show notes\n  signet client show notes -o json",
		Args:    oneArg("client"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				c, err := h.client(ctx, args[0])
				if err != nil {
					return err
				}
				return f.print(p.Stdout, c, func(w io.Writer) error { return properties(w, clientProperties(c)) })
			})
		},
	}
	return f.flag(cmd)
}

// client returns the client, or says how to find the right one.
func (h *house) client(ctx context.Context, id string) (*client.Client, error) {
	c, err := h.clients.Get(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "no client has the id %q: signet client list shows all", id)
	}
	return c, err
}

func clientProperties(c *client.Client) [][2]string {
	maxAge := ""
	if c.DefaultMaxAge > 0 {
		maxAge = (time.Duration(c.DefaultMaxAge) * time.Second).String()
	}
	return [][2]string{
		{"id", c.ID}, {"name", c.Name}, {"application type", c.ApplicationType}, {"profile", c.Profile}, {"auth method", c.AuthMethod},
		{"redirect URIs", strings.Join(c.RedirectURIs, " ")}, {"after sign-out", strings.Join(c.PostLogoutURIs, " ")},
		{"told of sign-outs at", c.BackchannelURI}, {"told in the browser at", c.FrontchannelURI},
		{"grant types", strings.Join(c.GrantTypes, " ")}, {"response types", strings.Join(c.ResponseTypes, " ")},
		{"scopes", strings.Join(c.Scopes, " ")}, {"resources", strings.Join(c.Resources, " ")}, {"trusted", yesNo(c.Trusted)},
		{"exchanges tokens by", strings.Join(c.TokenExchange, " ")}, {"of the clients", strings.Join(c.TokenExchangeFrom, " ")},
		{"brings assertions of", c.AssertionIssuer}, {"signed with keys at", c.AssertionJWKSURI}, {"about", strings.Join(c.AssertionSubjects, " ")},
		{"tokens bound to", boundTo(c)}, {"certificate", c.Certificate()},
		{"ID tokens", c.IDTokenAlg}, {"access tokens", strings.TrimSpace(c.AccessTokenFormat + " " + c.AccessTokenAlg)},
		{"default max age", maxAge}, {"home page", c.ClientURI}, {"logo", c.LogoURI},
		{"privacy policy", c.PolicyURI}, {"terms", c.TermsURI}, {"accent colour", c.Accent},
		{"created", moment(c.CreatedAt)}, {"changed", moment(c.UpdatedAt)},
	}
}

// boundTo says to what the client's tokens must be bound; "" nothing.
func boundTo(c *client.Client) string {
	switch {
	case c.CertificateBound:
		return "its TLS certificate"
	case c.RequiresBinding():
		return "a key of its own (DPoP)"
	}
	return ""
}

// withSecret is a client whose secret was just made.
type withSecret struct {
	*client.Client
	Secret string `json:"client_secret,omitempty"` // RFC 7591 §3.2.1
}

type clientFlags struct {
	format
	client client.Client
	public bool
}

func clientCreate(p *Process) *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use: "create CLIENT", Short: "Register a client",
		Long: `Register a client under the id CLIENT, and print the secret that is made for it.
The secret is shown this once: the provider keeps what can check it, not what it is.

A client that cannot keep a secret (a page in a browser, an app on a phone) is
public: it proves with PKCE that it is the one that asked.`,
		Example: `  signet client create notes --name Notes --redirect-uri https://notes.example.com/callback
  signet client create phone --public --native --redirect-uri com.example.phone:/callback
  signet client create reports --grant-type client_credentials --scope reports.read`,
		Args: oneArg("client"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.client.ID = args[0]
			return inHouse(p, cmd, func(ctx context.Context, h *house) error { return f.create(ctx, h, p.Stdout) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.client.Name, "name", "", "`name` that people see (default: the id)")
	flags.StringArrayVar(&f.client.RedirectURIs, "redirect-uri", nil, "`address` that answers go to; may be given several times")
	flags.StringArrayVar(&f.client.PostLogoutURIs, "post-logout-redirect-uri", nil, "`address` to send people to after sign-out; several times")
	flags.StringVar(&f.client.BackchannelURI, "backchannel-logout-uri", "", "`address` at which the app's server is told of sign-outs")
	flags.StringVar(&f.client.FrontchannelURI, "frontchannel-logout-uri", "", "`address` that browsers load in a frame at sign-out")
	flags.StringSliceVar(&f.client.GrantTypes, "grant-type", nil, "`grant types` (default authorization_code)")
	flags.StringSliceVar(&f.client.Scopes, "scope", nil, "`scopes` it may ask for (default openid,profile,email)")
	flags.StringSliceVar(&f.client.Resources, "resource", nil, "`APIs` it may have tokens for, by their identifiers")
	flags.StringSliceVar(&f.client.TokenExchange, "token-exchange", nil, "what it may make of other clients' tokens: `impersonation`, delegation")
	flags.StringSliceVar(&f.client.TokenExchangeFrom, "token-exchange-from", nil, "`clients` whose tokens it may exchange")
	flags.StringVar(&f.client.AssertionIssuer, "assertion-issuer", "", "`iss` of the assertions that it may bring as a grant (RFC 7523)")
	flags.StringVar(&f.client.AssertionJWKSURI, "assertion-jwks-uri", "", "`address` of the keys that sign them")
	flags.StringSliceVar(&f.client.AssertionSubjects, "assertion-subject", nil, "whom they may be about: `4711=ada@example.com`, several times; or email")
	flags.StringVar(&f.client.AuthMethod, "auth-method", "", "`method` at the token endpoint (default client_secret_basic)")
	flags.StringVar(&f.client.JWKSURI, "jwks-uri", "", "`address` of its public keys, for private_key_jwt")
	flags.StringVar(&f.client.TLSSubjectDN, "certificate-subject", "", "`subject` of its TLS certificate, for tls_client_auth: CN=app,O=Example")
	flags.BoolVar(&f.client.CertificateBound, "certificate-bound", false, "its tokens are bound to its TLS certificate (RFC 8705)")
	flags.BoolVar(&f.client.DPoPBound, "dpop-bound", false, "its tokens are bound to a key that it proves to have (DPoP, RFC 9449)")
	flags.StringVar(&f.client.Profile, "profile", "", "`profile` that it is held to: oidc, fapi2, fapi2-message-signing, fapi-ciba")
	flags.BoolVar(&f.public, "public", false, "a client without a secret")
	native := flags.Bool("native", false, "an app on a device, not a web server")
	flags.BoolVar(&f.client.Trusted, "trusted", false, "of the house: people are not asked for consent")
	cmd.PreRun = func(*cobra.Command, []string) {
		f.client.BackchannelSession, f.client.FrontchannelSession = f.client.BackchannelURI != "", f.client.FrontchannelURI != ""
		if *native {
			f.client.ApplicationType = "native"
		}
	}
	return f.flag(cmd)
}

func (f *clientFlags) create(ctx context.Context, h *house, out io.Writer) error {
	made := withSecret{Client: &f.client}
	switch {
	case f.public && f.client.AuthMethod != "" && f.client.AuthMethod != client.AuthNone:
		return usage("client create: --public and --auth-method %s exclude each other", f.client.AuthMethod)
	case !f.public && (f.client.AuthMethod == "" || client.UsesSecret(f.client.AuthMethod)):
		made.Secret = client.NewSecret()
	}
	err := h.clients.Create(ctx, &f.client, made.Secret)
	if fault.Is(err, fault.Conflict) {
		return fault.New(fault.Conflict, "there is a client %q already: see signet client show %s", f.client.ID, f.client.ID)
	}
	if err != nil {
		return err
	}
	if err := h.record(ctx, "client.create", f.client.ID); err != nil {
		return err
	}
	stored, err := h.clients.Get(ctx, f.client.ID)
	if err != nil {
		return err
	}
	made.Client = stored
	return f.print(out, made, func(w io.Writer) error { return secretText(w, made) })
}

func secretText(w io.Writer, c withSecret) error {
	pairs := [][2]string{{"client id", c.ID}, {"client secret", c.Secret}}
	if err := properties(w, pairs); err != nil || c.Secret == "" {
		return err
	}
	_, err := fmt.Fprintln(w, "\nThe secret is not shown again. Give it to the app as a file or an environment\nvariable, never in its source.")
	return err
}

func clientSecret(p *Process) *cobra.Command {
	var f format
	cmd := &cobra.Command{
		Use: "secret CLIENT", Short: "Give a client a new secret",
		Long: "Make a new secret for a client and print it, this once. The old one is refused\n" +
			"from now on, on all nodes within two seconds; tokens that were given out stay good.",
		Example: "  signet client secret notes\n  signet client secret notes -o json | jq -r .client_secret > notes.secret",
		Args:    oneArg("client"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				if _, err := h.client(ctx, args[0]); err != nil {
					return err
				}
				c, secret, err := h.clients.NewSecret(ctx, args[0])
				if err != nil {
					return err
				}
				made := withSecret{c, secret}
				if err := h.record(ctx, "client.secret", c.ID); err != nil {
					return err
				}
				return f.print(p.Stdout, made, func(w io.Writer) error { return secretText(w, made) })
			})
		},
	}
	return f.flag(cmd)
}

func clientDelete(p *Process) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete CLIENT --yes", Short: "Remove a client",
		Long:    "Remove a client with the consents that people gave it and its refresh tokens.\nNobody can sign in to the app any more. It cannot be undone, hence --yes.",
		Example: "  signet client delete notes --yes",
		Args:    oneArg("client"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes {
				return usage("client delete: %s goes with all its consents and refresh tokens; add --yes if that is meant", args[0])
			}
			return inHouse(p, cmd, func(ctx context.Context, h *house) error {
				if _, err := h.client(ctx, args[0]); err != nil {
					return err
				}
				if err := h.clients.Delete(ctx, args[0]); err != nil {
					return err
				}
				if err := h.record(ctx, "client.delete", args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(p.Stdout, "deleted client %s\n", printable(args[0]))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it")
	return cmd
}
