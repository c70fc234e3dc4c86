package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/audit"
	"signet/internal/fault"
	sqlstore "signet/internal/store/sql"
)

func testAudit(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	db := OpenSQL(t, address)
	ctx := t.Context()
	var wrote []*audit.Entry
	for i := range 5 {
		e := &audit.Entry{
			At: epoch.Add(time.Duration(i) * time.Second), Actor: "operator", Action: "client.create",
			Subject: fmt.Sprint("client-", i), ClientID: "console", IP: "2001:db8::1",
			Detail: map[string]string{"name": "\"Übung\""},
		}
		ok(t, db.AppendAudit(ctx, e))
		if e.ID == "" {
			t.Fatal("no id was given")
		}
		wrote = append(wrote, e)
	}
	var read []*audit.Entry
	for after := ""; ; after = read[len(read)-1].ID {
		page, err := db.Audit(ctx, audit.Query{After: after, Limit: 2})
		ok(t, err)
		if len(page) == 0 {
			break
		}
		read = append(read, page...)
	}
	for _, e := range wrote {
		e.At = e.At.UTC()
	}
	if !reflect.DeepEqual(read, wrote) {
		t.Errorf("read %v, wrote %v", read, wrote)
	}
	want(t, db.AppendAudit(ctx, wrote[0]), fault.Conflict) // nothing is overwritten
	want(t, db.AppendAudit(ctx, &audit.Entry{At: epoch, Actor: "\x00"}), fault.Invalid)
	want(t, db.AppendAudit(ctx, &audit.Entry{At: epoch, ID: "1"}), fault.Invalid)
	if none, err := db.Audit(ctx, audit.Query{After: "1", Limit: 2}); err != nil || none != nil {
		t.Errorf("after no id: %v, %v", none, err)
	}
	testRecordSignIn(t, db)
	ok(t, db.AppendAudit(ctx, &audit.Entry{At: epoch, Actor: "system", Action: "clients", Subject: "client-1"}))
	for _, test := range []struct {
		query audit.Query
		want  int
	}{
		{audit.Query{Subject: "client-1"}, 2},
		{audit.Query{Subject: "client-1", Action: "client.create"}, 1},
		{audit.Query{Action: "client"}, 5},
		{audit.Query{Action: "clients"}, 1},
		{audit.Query{Action: "client."}, 0},
		{audit.Query{Action: "client", After: wrote[2].ID}, 2},
		{audit.Query{Subject: "client-1' OR '1'='1"}, 0},
		{audit.Query{Subject: "\x00"}, 0},
	} {
		test.query.Limit = 10
		got, err := db.Audit(ctx, test.query)
		ok(t, err)
		if len(got) != test.want {
			t.Errorf("%+v gave %d entries, want %d", test.query, len(got), test.want)
		}
	}
	for _, statement := range []string{"UPDATE audit_log SET actor = 'system'", "DELETE FROM audit_log"} {
		if _, err := open(t, address).ExecContext(ctx, statement); err == nil {
			t.Errorf("%s was done", statement)
		}
	}
}

// testRecordSignIn: a sign-in is recorded for an active account with the hash,
// and for no other.
func testRecordSignIn(t *testing.T, db *sqlstore.DB) {
	t.Helper()
	ctx := t.Context()
	a := makeAccount(t, db, "signs-in@example.com")
	record := func(id, hash string) bool {
		t.Helper()
		e := &audit.Entry{At: epoch, Actor: a.ID, Action: "session.begin", Subject: a.ID, ClientID: "console", IP: "2001:db8::1", Detail: map[string]string{"sid": "s"}}
		done, err := db.RecordSignIn(ctx, id, hash, e)
		ok(t, err)
		e.At = e.At.UTC()
		if done {
			if got, err := db.Audit(ctx, audit.Query{Subject: a.ID, Limit: 10}); err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], e) {
				t.Errorf("recorded %v, %v; want %v", got, err, e)
			}
		}
		return done
	}
	if record(a.ID, "another") || record(newID(t), a.PasswordHash) || record("1", a.PasswordHash) || record(a.ID, "\x00") {
		t.Error("a sign-in is recorded that was none")
	}
	if !record(a.ID, a.PasswordHash) {
		t.Error("a sign-in is not recorded")
	}
	a.Status = account.Disabled
	ok(t, db.UpdateAccount(ctx, a, a.UpdatedAt))
	if record(a.ID, a.PasswordHash) {
		t.Error("a sign-in to a disabled account is recorded")
	}
	if all, err := db.Audit(ctx, audit.Query{Subject: a.ID, Limit: 10}); err != nil || len(all) != 1 {
		t.Errorf("%d sign-ins are recorded, %v", len(all), err)
	}
}
