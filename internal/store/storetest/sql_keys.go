package storetest

import (
	"reflect"
	"testing"
	"time"

	"signet/internal/fault"
	"signet/internal/keys"
	sqlstore "signet/internal/store/sql"
)

func sealed(alg string, seq int64, kid string) *keys.Sealed {
	return &keys.Sealed{
		KID: kid, Alg: alg, Seq: seq, Private: []byte{0, 1, 2, 255}, Public: []byte("public\x00"),
		CreatedAt: epoch, ActiveFrom: epoch.Add(time.Duration(seq) * time.Hour),
	}
}

func addKey(t testing.TB, db *sqlstore.DB, k *keys.Sealed, retire time.Time, wantAdded bool) {
	t.Helper()
	added, err := db.AddSigningKey(t.Context(), k, retire)
	ok(t, err)
	if added != wantAdded {
		t.Fatalf("AddSigningKey(%s %d %s) = %v", k.Alg, k.Seq, k.KID, added)
	}
}

func testKeys(t *testing.T, fresh func(testing.TB) string) {
	db := OpenSQL(t, fresh(t))
	ctx := t.Context()
	if none, err := db.SigningKeys(ctx); err != nil || len(none) != 0 {
		t.Fatalf("new database: %v, %v", none, err)
	}
	retire := epoch.Add(48 * time.Hour)
	addKey(t, db, sealed("RS256", 1, "r1"), time.Time{}, true)
	addKey(t, db, sealed("ES256", 1, "e1"), time.Time{}, true)
	addKey(t, db, sealed("RS256", 2, "r2"), retire, true)
	addKey(t, db, sealed("RS256", 2, "late"), retire.Add(time.Hour), false)
	_, err := db.AddSigningKey(ctx, sealed("EdDSA", 1, "r1"), retire)
	want(t, err, fault.Conflict)
	_, err = db.AddSigningKey(ctx, sealed("EdDSA", 1, "\x00"), retire)
	want(t, err, fault.Invalid)

	got, err := db.SigningKeys(ctx)
	ok(t, err)
	all := []*keys.Sealed{sealed("ES256", 1, "e1"), sealed("RS256", 1, "r1"), sealed("RS256", 2, "r2")}
	retired := retire.UTC()
	all[1].ExpiresAt = &retired
	for _, k := range all {
		k.CreatedAt, k.ActiveFrom = k.CreatedAt.UTC(), k.ActiveFrom.UTC()
	}
	if !reflect.DeepEqual(got, all) {
		t.Errorf("got %+v, want %+v", got, all)
	}

	for _, c := range []struct {
		before time.Time
		want   int
	}{{retire, 0}, {retire.Add(time.Microsecond), 1}, {retire.Add(time.Hour), 0}} {
		n, err := db.DeleteSigningKeys(ctx, c.before)
		ok(t, err)
		if n != c.want {
			t.Errorf("DeleteSigningKeys(%v) = %d, want %d", c.before, n, c.want)
		}
	}
	// What is current stays, whatever the time.
	if left, err := db.SigningKeys(ctx); err != nil || len(left) != 2 {
		t.Errorf("left: %v, %v", left, err)
	}
}
