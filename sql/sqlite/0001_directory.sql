-- The directory: who may call the gateway and on which routes. Small tables, read whole by every gateway process.
-- serves from: 1
CREATE TABLE IF NOT EXISTS settings (
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (name)
) WITHOUT ROWID;

-- One row. Every change of the directory raises it first, so that changes wait for each other and readers notice.
CREATE TABLE IF NOT EXISTS directory_version (
  id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id)
);

INSERT INTO directory_version (id, version)
  SELECT 1, 1 WHERE NOT EXISTS (SELECT 1 FROM directory_version WHERE id = 1);

CREATE TABLE IF NOT EXISTS merchants (
  id INTEGER NOT NULL,
  name TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE IF NOT EXISTS applications (
  id INTEGER NOT NULL,
  merchant_id INTEGER NOT NULL,
  test INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  strict_identifiers INTEGER NOT NULL,
  balance_enabled INTEGER NOT NULL,
  sealed_secret TEXT NOT NULL,
  secret_digest TEXT NOT NULL,
  sealed_previous_secret TEXT NOT NULL,
  previous_until_ms INTEGER NOT NULL,
  secret_in_use INTEGER NOT NULL,
  sealed_webhook_secret TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (id)
);

-- One row for each present and previous secret, so that no two applications ever share one.
CREATE TABLE IF NOT EXISTS application_secret_digests (
  digest TEXT NOT NULL,
  application_id INTEGER NOT NULL,
  PRIMARY KEY (digest)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS application_secret_digests_application ON application_secret_digests (application_id);

-- The allow-list. An application without rows may call from anywhere.
CREATE TABLE IF NOT EXISTS application_addresses (
  application_id INTEGER NOT NULL,
  cidr TEXT NOT NULL,
  PRIMARY KEY (application_id, cidr)
) WITHOUT ROWID;

-- Optional texts are empty, never NULL. required is a comma separated list of receiver fields.
CREATE TABLE IF NOT EXISTS routes (
  service_id INTEGER NOT NULL,
  direction TEXT NOT NULL,
  currency TEXT NOT NULL,
  method TEXT NOT NULL,
  provider TEXT NOT NULL,
  min_amount INTEGER NOT NULL,
  max_amount INTEGER NOT NULL,
  fee_fixed INTEGER NOT NULL,
  fee_bps INTEGER NOT NULL,
  required TEXT NOT NULL,
  upi_payee TEXT NOT NULL,
  upi_name TEXT NOT NULL,
  answer_started INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (service_id)
);

CREATE TABLE IF NOT EXISTS assignments (
  application_id INTEGER NOT NULL,
  service_id INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  PRIMARY KEY (application_id, service_id)
) WITHOUT ROWID;

-- Only currencies that were ever switched have a row. application_id 0 is the whole gateway.
CREATE TABLE IF NOT EXISTS currency_switches (
  application_id INTEGER NOT NULL,
  currency TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  PRIMARY KEY (application_id, currency)
) WITHOUT ROWID;

-- Only providers that were ever switched have a row.
CREATE TABLE IF NOT EXISTS providers (
  name TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  PRIMARY KEY (name)
) WITHOUT ROWID;
