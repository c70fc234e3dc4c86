package sqlstore_test

import (
	"testing"

	"signet/internal/store/storetest"
)

func TestSQLite(t *testing.T)   { storetest.SQL(t, storetest.SQLiteURL) }
func TestPostgres(t *testing.T) { storetest.SQL(t, storetest.PostgresURL) }
