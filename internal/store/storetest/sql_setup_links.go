package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"signet/internal/fault"
	"signet/internal/org"
	sqlstore "signet/internal/store/sql"
)

func addSetupLink(t testing.TB, db *sqlstore.DB, o *org.Organization, key string) *org.SetupLink {
	t.Helper()
	l := &org.SetupLink{ID: uuid.Must(uuid.NewV7()).String(), OrgID: o.ID, Key: key, CreatedBy: "ada", CreatedAt: epoch, ExpiresAt: epoch.Add(time.Hour)}
	ok(t, db.AddSetupLink(t.Context(), l, 3))
	return l
}

// testSetupLinks: a link is one browser's, for its time, and of its organization;
// of any number of browsers that open it at once one has it.
func testSetupLinks(t *testing.T, fresh func(testing.TB) string) {
	address := fresh(t)
	nodes := []*sqlstore.DB{OpenSQL(t, address), OpenSQL(t, address)}
	db, ctx := nodes[0], t.Context()
	ada := makeAccount(t, db, "ada")
	o, other := makeOrganization(t, db, ada), makeOrganization(t, db, ada)
	l := addSetupLink(t, db, o, "k1")
	got, err := db.SetupLink(ctx, l.ID, epoch)
	if err != nil || got == nil || got.OrgID != o.ID || got.Key != "k1" || got.CreatedBy != "ada" || !got.ExpiresAt.Equal(l.ExpiresAt) || got.Browser != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, wrong := range []struct {
		id, key string
		now     time.Time
	}{{l.ID, "k2", epoch}, {newID(t), "k1", epoch}, {"no id", "k1", epoch}, {l.ID, "k1", l.ExpiresAt}} {
		if claimed, err := db.ClaimSetupLink(ctx, wrong.id, wrong.key, "b", wrong.now); err != nil || claimed {
			t.Errorf("claimed by %+v: %v", wrong, err)
		}
	}
	won := raceNodes(t, nodes, func(db *sqlstore.DB, i int) (bool, error) {
		return db.ClaimSetupLink(ctx, l.ID, "k1", newID(t), epoch)
	})
	if won != 1 {
		t.Errorf("%d browsers have the link", won)
	}
	if got, err := db.SetupLink(ctx, l.ID, l.ExpiresAt); err != nil || got != nil {
		t.Errorf("when it is over: %+v, %v", got, err)
	}

	second := addSetupLink(t, db, o, "k2")
	addSetupLink(t, db, o, "k3")
	err = db.AddSetupLink(ctx, &org.SetupLink{ID: newID(t), OrgID: o.ID, Key: "k4", CreatedAt: epoch, ExpiresAt: epoch.Add(time.Hour)}, 3)
	want(t, err, fault.Limited)
	if gone, err := db.RevokeSetupLink(ctx, other.ID, second.ID); err != nil || gone {
		t.Errorf("revoked by another organization: %t, %v", gone, err)
	}
	if gone, err := db.RevokeSetupLink(ctx, o.ID, second.ID); err != nil || !gone {
		t.Errorf("revoked: %t, %v", gone, err)
	}
	if some, err := db.SetupLinks(ctx, o.ID, epoch, 10); err != nil || len(some) != 2 || some[0].Key != "k3" {
		t.Errorf("%d links, %v", len(some), err)
	}
	if n, err := db.DeleteSetupLinks(ctx, epoch.Add(time.Hour), 10); err != nil || n != 2 {
		t.Errorf("%d were removed, %v", n, err)
	}
}
