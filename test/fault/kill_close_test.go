package fault

import (
	"net/http"
	"testing"
	"time"

	"signet/internal/mail/mailtest"
	"signet/internal/testenv"
)

// killedWhileClosing: the node dies between the commit that closes an account
// and what follows it. No session and no token of the account is good after.
// Redis is slow, so that the letter about it is the first to leave.
func killedWhileClosing(t *testing.T, program string) {
	t.Parallel()
	mail, closed := mailtest.Listen(t, mailtest.Options{}), make(chan bool)
	mail.Data = func(mailtest.Mail) error { close(closed); return nil }
	mail.Up()
	e := testenv.Start(t, testenv.Options{
		Backend: testenv.Full, Declare: declared, Proxies: true, Program: program, Env: map[string]string{
			"SIGNET_LIMITS_EXEMPT": "127.0.0.0/8,::1/128", "SIGNET_SMTP_URL": mail.URL(), "SIGNET_SMTP_FROM": "House <no-reply@id.example>",
		},
	})
	v := arrive(t, e, ada)
	form := v.browser.Get("/account/close").Form("current")
	e.Redis.Slow(100 * time.Millisecond)
	answered := make(chan *testenv.Page)
	go func() { answered <- v.browser.Submit(form, "submit", "current", ada.Password) }()
	select {
	case <-closed:
	case <-time.After(time.Minute):
		t.Fatal("no letter says that the account is closed")
	}
	e.Kill(0)
	if p := <-answered; p.Status != http.StatusBadGateway {
		t.Fatalf("the node lived to answer %d", p.Status)
	}
	e.Redis.Mend()
	e.Restart(0)
	r := v.app.Request("prompt", "none")
	if answer := r.Answer(v.browser.Get(r.Path())); answer.Get("error") != "login_required" {
		t.Errorf("the browser is told %v, want login_required", answer)
	}
	if got := v.app.Refresh(v.refresh); got.Str("error") != "invalid_grant" {
		t.Errorf("the refresh token: %d %s", got.Status, got.Body)
	}
	if got := v.app.Userinfo(v.access); got.Status != http.StatusUnauthorized {
		t.Errorf("the access token: %d %s", got.Status, got.Body)
	}
}
