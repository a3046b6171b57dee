-- Sending webhooks: what an endpoint wants, how far a delivery is, and every attempt. The same names stand in sql/mysql.
-- serves from: 3

-- `events`: a comma separated list, '*' for all. NULL settings: the default schedule and timeout.
ALTER TABLE webhook_endpoints ADD COLUMN events TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_endpoints ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_endpoints ADD COLUMN max_retries INTEGER;
ALTER TABLE webhook_endpoints ADD COLUMN retry_delay_s INTEGER;
ALTER TABLE webhook_endpoints ADD COLUMN timeout_s INTEGER;
ALTER TABLE webhook_endpoints ADD COLUMN sealed_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_endpoints ADD COLUMN sealed_previous_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_endpoints ADD COLUMN previous_until_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhook_endpoints ADD COLUMN disabled_reason TEXT NOT NULL DEFAULT '';

-- While a process works on a delivery its due_ms is the end of the lease, and lease_owner says whose.
ALTER TABLE webhook_deliveries ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhook_deliveries ADD COLUMN lease_owner TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_deliveries ADD COLUMN expires_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhook_deliveries ADD COLUMN finished_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhook_deliveries ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
CREATE INDEX IF NOT EXISTS webhook_deliveries_queue ON webhook_deliveries (state, endpoint_id, due_ms);
CREATE INDEX IF NOT EXISTS webhook_deliveries_payment ON webhook_deliveries (h_id, status_version);
CREATE INDEX IF NOT EXISTS events_application ON events (application_id, created_ms);
DROP INDEX IF EXISTS webhook_deliveries_due;

-- One row per attempt; `answer` is the first KiB of what the receiver said, never of a refused target.
CREATE TABLE IF NOT EXISTS webhook_attempts (
  delivery_id TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  http_status INTEGER NOT NULL,
  error TEXT NOT NULL,
  answer TEXT NOT NULL,
  PRIMARY KEY (delivery_id, attempt)
) WITHOUT ROWID;

-- Nonces of calls that change webhooks: each is good once.
CREATE TABLE IF NOT EXISTS call_nonces (
  application_id INTEGER NOT NULL,
  nonce TEXT NOT NULL,
  expires_ms INTEGER NOT NULL,
  PRIMARY KEY (application_id, nonce)
) WITHOUT ROWID;
