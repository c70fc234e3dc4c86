package outbound

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"signet/internal/fault"
)

// Post sends the form to the address, which has done what is asked if it answers
// with 200 or 204; its words are not looked at. It follows no redirect. What goes
// wrong is a fault that says so to who registered the address: of kind Invalid; of
// kind Forbidden where the other side understood and will not have it; of kind
// Unavailable where too much is under way here.
func (c *Client) Post(ctx context.Context, address string, form url.Values) error {
	return c.post(ctx, address, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
}

// Ping is Post of a JSON document with a bearer token.
func (c *Client) Ping(ctx context.Context, address, token string, document []byte) error {
	header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}}
	return c.post(ctx, address, header, string(document))
}

func (c *Client) post(ctx context.Context, address string, header http.Header, body string) error {
	leave, err := c.enter(ctx, address)
	if err != nil {
		return err
	}
	defer leave()
	resp, err := c.send(ctx, http.MethodPost, address, header, strings.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	kind := fault.Invalid
	switch status := resp.StatusCode; {
	case status == http.StatusOK || status == http.StatusNoContent:
		return nil
	case status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests:
	case 300 <= status && status < 500:
		kind = fault.Forbidden
	}
	return fault.New(kind, "the address answers with status %d and not 200; redirects are not followed", resp.StatusCode)
}
