package api

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"signet/internal/client"
	"signet/internal/fault"
	"signet/internal/handle"
)

func (a *API) createClient(ctx context.Context, c *call, in *createClientInput) (*clientOutput, error) {
	made := &client.Client{ID: in.Body.ID}
	if made.ID == "" {
		made.ID = handle.Short()
	}
	in.Body.ClientSettings.put(made)
	secret := a.Clients.FitSecret(made)
	if err := a.Clients.Create(ctx, made, secret); err != nil {
		return nil, longNames(err)
	}
	stored, err := a.Clients.Get(ctx, made.ID)
	if err != nil {
		return nil, err
	}
	return a.changedClient(ctx, c, "client.create", stored, secret, nil)
}

func (a *API) updateClient(ctx context.Context, c *call, in *updateClientInput) (*clientOutput, error) {
	var before []byte
	k, secret, err := a.Clients.Edit(ctx, in.Client, func(k *client.Client) (err error) {
		settings := settingsOf(k)
		if before, err = json.Marshal(settings); err != nil {
			return err
		}
		if err := in.Body.apply(&settings); err != nil {
			return err
		}
		settings.put(k)
		// From now on the operator says what it is, as by a declaration.
		k.RegistrationHash = ""
		return nil
	})
	if err != nil {
		return nil, noClient(longNames(err), in.Client)
	}
	after, err := json.Marshal(settingsOf(k))
	if err != nil {
		return nil, err
	}
	fields, err := client.Differing(after, before)
	if err != nil {
		return nil, err
	}
	return a.changedClient(ctx, c, "client.update", k, secret, fields)
}

func (a *API) renewClientSecret(ctx context.Context, c *call, in *InClient) (*clientOutput, error) {
	k, secret, err := a.Clients.NewSecret(ctx, in.Client)
	if err != nil {
		return nil, noClient(err, in.Client)
	}
	return a.changedClient(ctx, c, "client.secret", k, secret, nil)
}

func (a *API) deleteClient(ctx context.Context, c *call, in *InClient) (*struct{}, error) {
	if err := a.Clients.Delete(ctx, in.Client); err != nil {
		return nil, noClient(err, in.Client)
	}
	return nil, a.record(ctx, c, "client.delete", in.Client)
}

// changedClient records what was done to the app and shows it as it is now, with
// the secret that was made for it, if one was.
func (a *API) changedClient(ctx context.Context, c *call, action string, k *client.Client, secret string, fields []string) (*clientOutput, error) {
	if secret != "" && action == "client.update" {
		fields = append(fields, "client_secret")
	}
	var pairs []string
	if len(fields) > 0 {
		pairs = []string{"fields", strings.Join(fields, " ")}
	}
	if err := a.record(ctx, c, action, k.ID, pairs...); err != nil {
		return nil, err
	}
	out := clientOf(k)
	out.Secret, c.secret = secret, secret != ""
	return &clientOutput{out}, nil
}

// noClient says how to find the right id.
func noClient(err error, id string) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.NotFound, err, "no app has the client_id %q: list-clients shows all", id)
	}
	return err
}

// longer are the names of inputs that are shorter where an operator types them.
var longer = map[string]string{
	"id": "client_id", "name": "client_name", "auth_method": "token_endpoint_auth_method", "secret": "client_secret",
}

// longNames has faults blame inputs by the names that they have here.
func longNames(err error) error {
	for _, one := range fault.All(err) {
		var f *fault.Error
		if errors.As(one, &f) && longer[f.Field] != "" {
			f.Field = longer[f.Field]
		}
	}
	return err
}
