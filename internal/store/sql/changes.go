package sqlstore

import "context"

// The topics of the change notice.
const (
	topicAccounts = "accounts" // an account's status changed, or an account is gone
	topicClients  = "clients"  // a client was made, replaced or removed
	topicKeys     = "keys"     // a signing key came or went
)

// bump tells all nodes, with the commit of this transaction, that the topic
// has changed. It comes last, because transactions on a topic wait here for
// each other.
func bump(ctx context.Context, c *conn, topic string) error {
	_, err := c.change(ctx, "UPDATE changes SET version = version + 1 WHERE topic = $1", topic)
	return err
}

// Changes returns a number for each topic ("accounts", "clients", "keys") that
// grows with each change, in one statement. A node that keeps what it read
// asks for it every second, and forgets what belongs to a topic that moved.
func (db *DB) Changes(ctx context.Context) (map[string]int64, error) {
	versions := make(map[string]int64, 3)
	err := db.view(ctx, func(ctx context.Context, c *conn) error {
		rows, err := c.query(ctx, "SELECT topic, version FROM changes", nil)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var topic string
			var version int64
			if err := rows.Scan(&topic, &version); err != nil {
				return err
			}
			versions[topic] = version
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return versions, nil
}
