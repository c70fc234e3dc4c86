package storetest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"signet/internal/client"
	"signet/internal/fault"
)

func testClients(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()

	t.Run("what was put comes back, and is replaced", func(t *testing.T) {
		c := makeClient(t, db, "console")
		got, err := db.Client(ctx, "console")
		ok(t, err)
		c.CreatedAt, c.UpdatedAt = epoch.UTC(), epoch.UTC()
		if !reflect.DeepEqual(got, c) {
			t.Errorf("got %+v, want %+v", got, c)
		}
		c.Name, c.SecretHash, c.Trusted, c.RedirectURIs = "Console 2", "", false, nil
		ok(t, db.PutClient(ctx, c, epoch.Add(time.Hour)))
		got, err = db.Client(ctx, "console")
		ok(t, err)
		c.UpdatedAt = epoch.Add(time.Hour).UTC()
		if !reflect.DeepEqual(got, c) {
			t.Errorf("replaced: got %+v, want %+v", got, c)
		}
	})

	t.Run("what is there is not added again", func(t *testing.T) {
		c := makeClient(t, db, "added")
		again := *c
		again.Name, again.SecretHash, again.Document = "Another", "", true
		if added, err := db.AddClient(ctx, &again, epoch.Add(time.Hour)); added || err != nil {
			t.Errorf("added again: %v, %v", added, err)
		}
		got, err := db.Client(ctx, "added")
		ok(t, err)
		if got.Name != c.Name || got.SecretHash != c.SecretHash || got.Document || !got.UpdatedAt.Equal(epoch) {
			t.Errorf("it was replaced by %+v", got)
		}
		again.ID = "https://app.example/client"
		if added, err := db.AddClient(ctx, &again, epoch); !added || err != nil {
			t.Errorf("not added: %v, %v", added, err)
		}
		if got, err = db.Client(ctx, again.ID); err != nil || got.Name != "Another" || !got.Document {
			t.Errorf("added: %+v, %v", got, err)
		}
		ok(t, db.DeleteClient(ctx, again.ID))
	})

	t.Run("an update of what was changed meanwhile changes nothing", func(t *testing.T) {
		c := makeClient(t, db, "edited")
		next := *c
		next.Name, next.SecretHash = "Edited", "hmac256:y"
		later := epoch.Add(time.Hour)
		ok(t, db.UpdateClient(ctx, &next, epoch, later))
		next.Name = "Too late"
		want(t, db.UpdateClient(ctx, &next, epoch, later.Add(time.Hour)), fault.Conflict)
		got, err := db.Client(ctx, "edited")
		ok(t, err)
		if got.Name != "Edited" || got.SecretHash != next.SecretHash || !got.CreatedAt.Equal(epoch) || !got.UpdatedAt.Equal(later) {
			t.Errorf("it is %+v", got)
		}
		next.ID = "nobody"
		want(t, db.UpdateClient(ctx, &next, epoch, later), fault.NotFound)
	})

	t.Run("unused guests go, and no other", func(t *testing.T) {
		db := OpenSQL(t, fresh(t))
		a := makeAccount(t, db, "ada")
		put := func(id string, edit func(*client.Client)) *client.Client {
			c := &client.Client{ID: id, Metadata: client.Metadata{Name: id}}
			edit(c)
			ok(t, db.PutClient(ctx, c, epoch))
			return c
		}
		guest := func(c *client.Client) { c.RegistrationHash = "x" }
		put("declared", func(*client.Client) {})
		put("guest", guest)
		put("https://app.example/client", func(c *client.Client) { c.Document = true })
		put("allowed", guest)
		kept := put("granted", guest)
		_, err := db.AddConsent(ctx, a.ID, "allowed", []string{"openid"}, epoch)
		ok(t, err)
		makeFamily(t, db, a, kept)
		gone, err := db.DeleteUnusedClients(ctx, epoch, 10)
		ok(t, err)
		if len(gone) != 0 {
			t.Errorf("before their time: %v", gone)
		}
		gone, err = db.DeleteUnusedClients(ctx, epoch.Add(time.Hour), 10)
		ok(t, err)
		slices.Sort(gone)
		if !slices.Equal(gone, []string{"guest", "https://app.example/client"}) {
			t.Errorf("gone are %v", gone)
		}
		left, err := db.Clients(ctx, "", 10)
		ok(t, err)
		if len(left) != 3 {
			t.Errorf("%d are left", len(left))
		}
	})

	t.Run("a wrong id finds nothing", func(t *testing.T) {
		for _, id := range []string{"", "Console", "console ", "consol_", "'; --", "console\x00"} {
			_, err := db.Client(ctx, id)
			want(t, err, fault.NotFound)
			want(t, db.DeleteClient(ctx, id), fault.NotFound)
		}
		c := makeClient(t, db, "other")
		c.ID = ""
		want(t, db.PutClient(ctx, c, epoch), fault.Invalid)
	})

	t.Run("pages go by the bytes of the id", func(t *testing.T) {
		db := OpenSQL(t, fresh(t))
		ids := []string{"B", "_", "a", "a-b", "ab", "b", "ä", "中"}
		for i := range ids {
			makeClient(t, db, ids[len(ids)-1-i])
		}
		var got []string
		for after := ""; ; after = got[len(got)-1] {
			page, err := db.Clients(ctx, after, 3)
			ok(t, err)
			if len(page) == 0 {
				break
			}
			for _, c := range page {
				got = append(got, c.ID)
			}
		}
		if !reflect.DeepEqual(got, ids) {
			t.Errorf("pages gave %q, want %q", got, ids)
		}
	})

	t.Run("deletion takes consents and families", func(t *testing.T) {
		a, gone, stays := makeAccount(t, db, "ada"), makeClient(t, db, "gone"), makeClient(t, db, "stays")
		f, g := makeFamily(t, db, a, gone), makeFamily(t, db, a, stays)
		for _, id := range []string{"gone", "stays"} {
			_, err := db.AddConsent(ctx, a.ID, id, []string{"openid"}, epoch)
			ok(t, err)
		}
		ok(t, db.DeleteClient(ctx, "gone"))
		want(t, db.DeleteClient(ctx, "gone"), fault.NotFound)
		dead, err := db.FamilyByRoot(ctx, f.RootKey)
		ok(t, err)
		alive, err := db.FamilyByRoot(ctx, g.RootKey)
		ok(t, err)
		consents, err := db.ConsentsOf(ctx, a.ID)
		ok(t, err)
		if dead != nil || alive == nil || len(consents) != 1 || consents[0].ClientID != "stays" {
			t.Errorf("family %v, other family %v, consents %v", dead, alive, consents)
		}
	})

	t.Run("deletion of a client with many families", func(t *testing.T) {
		const many = 1100 // more than go in one statement
		address := fresh(t)
		db := OpenSQL(t, address)
		makeClient(t, db, "big")
		mustExec(t, open(t, address), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			INSERT INTO token_families (grant_id, client_id, end_day, last_day) SELECT 'grant' || i, 'big', i, i FROM n`, many)
		ok(t, db.DeleteClient(ctx, "big"))
		_, err := db.Client(ctx, "big")
		want(t, err, fault.NotFound)
		var left int
		ok(t, open(t, address).QueryRowContext(ctx, "SELECT count(*) FROM token_families").Scan(&left))
		if left != 0 {
			t.Errorf("%d families are left", left)
		}
	})
}
