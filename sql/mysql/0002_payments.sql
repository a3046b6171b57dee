-- Payments, their events, balances and the ledger. The same names stand in sql/sqlite.
-- Identifiers are VARBINARY: text collations pad trailing spaces and fold case.
-- serves from: 2

CREATE TABLE IF NOT EXISTS payments (
  h_id VARBINARY(40) NOT NULL PRIMARY KEY,
  application_id BIGINT NOT NULL,
  merchant_id BIGINT NOT NULL,
  service_id BIGINT NOT NULL,
  direction VARBINARY(8) NOT NULL,
  c_id VARBINARY(512) NOT NULL,
  c_id_numeric BIGINT NOT NULL,
  currency VARBINARY(3) NOT NULL,
  amount BIGINT NOT NULL,
  fee BIGINT NOT NULL,
  provider VARBINARY(64) NOT NULL,
  method VARBINARY(64) NOT NULL,
  test BIGINT NOT NULL,
  status VARBINARY(16) NOT NULL,
  status_version BIGINT NOT NULL,
  p_id VARBINARY(255),
  utr VARBINARY(255),
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  finished_ms BIGINT NOT NULL,
  redirect VARBINARY(2048),
  receiver TEXT,
  payer TEXT,
  sealed_card VARBINARY(512),
  webhook_url VARBINARY(8192),
  webhook_events VARBINARY(512),
  UNIQUE KEY payments_client_id (application_id, c_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row per status change, with the webhook body frozen at that moment.
CREATE TABLE IF NOT EXISTS events (
  h_id VARBINARY(40) NOT NULL,
  status_version BIGINT NOT NULL,
  event_id VARBINARY(96) NOT NULL,
  event VARBINARY(32) NOT NULL,
  application_id BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  body MEDIUMTEXT NOT NULL,
  PRIMARY KEY (h_id, status_version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Merchant balances. lock_version is raised by whoever takes the row for a transaction.
CREATE TABLE IF NOT EXISTS balances (
  application_id BIGINT NOT NULL,
  currency VARBINARY(3) NOT NULL,
  value BIGINT NOT NULL,
  value_freezing BIGINT NOT NULL,
  value_blocking BIGINT NOT NULL,
  enabled BIGINT NOT NULL,
  chain_seq BIGINT NOT NULL,
  chain_mac VARBINARY(64) NOT NULL,
  head_mac VARBINARY(64) NOT NULL,
  lock_version BIGINT NOT NULL,
  PRIMARY KEY (application_id, currency)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Insert-only, chained per application and currency.
CREATE TABLE IF NOT EXISTS ledger_entries (
  application_id BIGINT NOT NULL,
  currency VARBINARY(3) NOT NULL,
  seq BIGINT NOT NULL,
  kind VARBINARY(32) NOT NULL,
  reference VARBINARY(512) NOT NULL,
  reason VARBINARY(1024),
  created_ms BIGINT NOT NULL,
  mac VARBINARY(64) NOT NULL,
  PRIMARY KEY (application_id, currency, seq),
  UNIQUE KEY ledger_entries_reference (application_id, kind, reference)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS ledger_postings (
  application_id BIGINT NOT NULL,
  currency VARBINARY(3) NOT NULL,
  seq BIGINT NOT NULL,
  leg BIGINT NOT NULL,
  account VARBINARY(64) NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (application_id, currency, seq, leg)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Every payment without a final word: when to ask its provider next.
CREATE TABLE IF NOT EXISTS provider_tasks (
  h_id VARBINARY(40) NOT NULL PRIMARY KEY,
  application_id BIGINT NOT NULL,
  due_ms BIGINT NOT NULL,
  asks BIGINT NOT NULL,
  KEY provider_tasks_due (due_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Provider messages that changed nothing and wait for the operator's eye.
CREATE TABLE IF NOT EXISTS provider_messages (
  h_id VARBINARY(40) NOT NULL,
  digest VARBINARY(64) NOT NULL,
  reason VARBINARY(1024) NOT NULL,
  provider VARBINARY(64) NOT NULL,
  received_ms BIGINT NOT NULL,
  body MEDIUMTEXT NOT NULL,
  PRIMARY KEY (h_id, digest)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS webhook_endpoints (
  id VARBINARY(40) NOT NULL PRIMARY KEY,
  application_id BIGINT NOT NULL,
  url VARBINARY(8192) NOT NULL,
  source VARBINARY(16) NOT NULL,
  enabled BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  url_digest VARBINARY(64) NOT NULL,
  UNIQUE KEY webhook_endpoints_url (application_id, source, url_digest)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS webhook_deliveries (
  id VARBINARY(40) NOT NULL PRIMARY KEY,
  endpoint_id VARBINARY(40) NOT NULL,
  application_id BIGINT NOT NULL,
  h_id VARBINARY(40) NOT NULL,
  status_version BIGINT NOT NULL,
  state VARBINARY(16) NOT NULL,
  due_ms BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  KEY webhook_deliveries_due (state, due_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
