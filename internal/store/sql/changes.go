package sqlstore

import "context"

// The topics of the change notice.
const (
	topicAccounts  = "accounts"  // an account's status changed, or an account is gone
	topicClients   = "clients"   // a client was made, replaced or removed
	topicKeys      = "keys"      // a signing key came or went
	topicResources = "resources" // an API or a type of authorization details was made, replaced or removed
)

// bump tells all nodes, with the commit of this transaction, that the topic
// has changed. It comes last, because transactions on a topic wait here for
// each other.
func bump(ctx context.Context, c *conn, topic string) error {
	_, err := c.change(ctx, "UPDATE changes SET version = version + 1 WHERE topic = $1", topic)
	return err
}

// Changes returns a number for each topic ("accounts", "clients", "keys", "resources") that
// grows with each change, in one statement. A node that keeps what it read
// asks for it every second, and forgets what belongs to a topic that moved.
func (db *DB) Changes(ctx context.Context) (map[string]int64, error) {
	var rows []struct {
		Topic   string
		Version int64
	}
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows = nil
		return c.orm(ctx).Raw("SELECT topic, version FROM changes").Scan(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	versions := make(map[string]int64, len(rows))
	for _, r := range rows {
		versions[r.Topic] = r.Version
	}
	return versions, nil
}
