package sqlstore

import (
	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"
)

// sqliteDialector lets gorm speak to the pure-Go SQLite: gorm's own driver
// needs a C compiler. It does what statements with named columns need, and
// migrates nothing.
type sqliteDialector struct{ pool gorm.ConnPool }

func (sqliteDialector) Name() string { return "sqlite" }

func (d sqliteDialector) Initialize(db *gorm.DB) error {
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{
		CreateClauses: []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"},
		UpdateClauses: []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses: []string{"DELETE", "FROM", "WHERE", "RETURNING"},
	})
	// There is one writer at a time, so that no row needs a lock, and SQLite
	// has no word for it.
	db.ClauseBuilders["FOR"] = func(clause.Clause, clause.Builder) {}
	db.ConnPool = d.pool
	return nil
}

// Migrator implements gorm.Dialector. The schema is that of the numbered
// files, so there is none.
func (sqliteDialector) Migrator(*gorm.DB) gorm.Migrator { return nil }

// DataTypeOf implements gorm.Dialector; only migrations ask for it.
func (sqliteDialector) DataTypeOf(*schema.Field) string { return "" }

func (sqliteDialector) DefaultValueOf(*schema.Field) clause.Expression {
	return clause.Expr{SQL: "NULL"}
}

func (sqliteDialector) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) {
	w.WriteByte('?')
}

// QuoteTo quotes a name or the parts of one. Names come from this package
// alone, and none has a quotation mark.
func (sqliteDialector) QuoteTo(w clause.Writer, name string) {
	w.WriteByte('"')
	for i := range len(name) {
		if name[i] == '.' {
			w.WriteString(`"."`)
			continue
		}
		w.WriteByte(name[i])
	}
	w.WriteByte('"')
}

func (sqliteDialector) Explain(sql string, vars ...any) string {
	return logger.ExplainSQL(sql, nil, `"`, vars...)
}
