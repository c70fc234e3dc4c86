package storetest

import (
	"reflect"
	"testing"
	"time"

	"signet/internal/account"
	"signet/internal/fault"
)

func testAgreements(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	db := OpenSQL(t, address)
	ctx := t.Context()
	ada, bob := makeAccount(t, db, "ada"), makeAccount(t, db, "bob")
	var wrote []*account.Agreement
	for i, a := range []account.Agreement{
		{AccountID: ada.ID, Given: true, Source: account.FromSignUp, ClientID: "console"},
		{AccountID: bob.ID, Given: true, Source: account.FromSignUp},
		{AccountID: ada.ID, Given: false, Source: account.FromMail},
	} {
		a.Kind, a.Wording, a.Version, a.Language = account.AgreeNews, "أرسلوا إليّ \"الأخبار\"", "1", "ar"
		entry := account.NewAgreement(a, epoch.Add(time.Duration(i)*time.Hour))
		ok(t, db.AppendAgreement(ctx, entry))
		entry.At = entry.At.UTC()
		wrote = append(wrote, entry)
	}

	t.Run("what was added is read, in its order", func(t *testing.T) {
		got, err := db.AgreementsOf(ctx, ada.ID)
		ok(t, err)
		if !reflect.DeepEqual(got, []*account.Agreement{wrote[0], wrote[2]}) {
			t.Errorf("AgreementsOf gave %v", got)
		}
		var all []*account.Agreement
		for after := ""; ; after = all[len(all)-1].ID {
			page, err := db.Agreements(ctx, after, 2)
			ok(t, err)
			if len(page) == 0 {
				break
			}
			all = append(all, page...)
		}
		if !reflect.DeepEqual(all, wrote) {
			t.Errorf("Agreements gave %v", all)
		}
	})

	t.Run("what is nobody's, or no text, is refused", func(t *testing.T) {
		for _, id := range []string{"", "ada", newID(t)} {
			want(t, db.AppendAgreement(ctx, account.NewAgreement(account.Agreement{AccountID: id}, epoch)), fault.NotFound)
		}
		want(t, db.AppendAgreement(ctx, wrote[0]), fault.Conflict)
		want(t, db.AppendAgreement(ctx, account.NewAgreement(account.Agreement{AccountID: ada.ID, Wording: "\x00"}, epoch)), fault.Invalid)
		if none, err := db.AgreementsOf(ctx, "ada"); err != nil || none != nil {
			t.Errorf("of no id: %v, %v", none, err)
		}
	})

	t.Run("the database itself refuses to change or lose one", func(t *testing.T) {
		raw := open(t, address)
		for _, statement := range []string{
			"UPDATE agreements SET given = NOT given",
			"DELETE FROM agreements",
		} {
			if _, err := raw.ExecContext(ctx, statement); err == nil {
				t.Errorf("%s was done", statement)
			}
		}
		got, err := db.Agreements(ctx, "", 10)
		ok(t, err)
		if !reflect.DeepEqual(got, wrote) {
			t.Errorf("afterwards: %v", got)
		}
	})

	t.Run("an account that is erased takes its own along", func(t *testing.T) {
		ok(t, db.DeleteAccount(ctx, ada.ID, epoch, epoch))
		got, err := db.Agreements(ctx, "", 10)
		ok(t, err)
		if !reflect.DeepEqual(got, []*account.Agreement{wrote[1]}) {
			t.Errorf("left: %v", got)
		}
	})
}
