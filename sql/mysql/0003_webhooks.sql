-- Sending webhooks: what an endpoint wants, how far a delivery is, and every attempt. The same names stand in sql/sqlite.
-- serves from: 3

-- `events`: a comma separated list, '*' for all. NULL settings: the default schedule and timeout.
ALTER TABLE webhook_endpoints ADD COLUMN events VARBINARY(1024) NOT NULL DEFAULT '';
ALTER TABLE webhook_endpoints ADD COLUMN description VARBINARY(1024) NOT NULL DEFAULT '';
ALTER TABLE webhook_endpoints ADD COLUMN max_retries BIGINT;
ALTER TABLE webhook_endpoints ADD COLUMN retry_delay_s BIGINT;
ALTER TABLE webhook_endpoints ADD COLUMN timeout_s BIGINT;
ALTER TABLE webhook_endpoints ADD COLUMN sealed_secret VARBINARY(512) NOT NULL DEFAULT '';
ALTER TABLE webhook_endpoints ADD COLUMN sealed_previous_secret VARBINARY(512) NOT NULL DEFAULT '';
ALTER TABLE webhook_endpoints ADD COLUMN previous_until_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhook_endpoints ADD COLUMN disabled_reason VARBINARY(64) NOT NULL DEFAULT '';

-- While a process works on a delivery its due_ms is the end of the lease, and lease_owner says whose.
ALTER TABLE webhook_deliveries ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhook_deliveries ADD COLUMN lease_owner VARBINARY(40) NOT NULL DEFAULT '';
ALTER TABLE webhook_deliveries ADD COLUMN expires_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhook_deliveries ADD COLUMN finished_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhook_deliveries ADD COLUMN outcome VARBINARY(32) NOT NULL DEFAULT '';
CREATE INDEX webhook_deliveries_queue ON webhook_deliveries (state, endpoint_id, due_ms);
CREATE INDEX webhook_deliveries_payment ON webhook_deliveries (h_id, status_version);
CREATE INDEX events_application ON events (application_id, created_ms);
DROP INDEX webhook_deliveries_due ON webhook_deliveries;

-- One row per attempt; `answer` is the first KiB of what the receiver said, never of a refused target.
CREATE TABLE IF NOT EXISTS webhook_attempts (
  delivery_id VARBINARY(40) NOT NULL,
  attempt BIGINT NOT NULL,
  started_ms BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL,
  http_status BIGINT NOT NULL,
  error VARBINARY(32) NOT NULL,
  answer VARBINARY(1024) NOT NULL,
  PRIMARY KEY (delivery_id, attempt)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Nonces of calls that change webhooks: each is good once.
CREATE TABLE IF NOT EXISTS call_nonces (
  application_id BIGINT NOT NULL,
  nonce VARBINARY(64) NOT NULL,
  expires_ms BIGINT NOT NULL,
  PRIMARY KEY (application_id, nonce)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
