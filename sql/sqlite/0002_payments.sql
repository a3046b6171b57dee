-- Payments, their events, balances and the ledger. The same names stand in sql/mysql.
-- serves from: 2

CREATE TABLE IF NOT EXISTS payments (
  h_id TEXT NOT NULL PRIMARY KEY,
  application_id INTEGER NOT NULL,
  merchant_id INTEGER NOT NULL,
  service_id INTEGER NOT NULL,
  direction TEXT NOT NULL,
  c_id TEXT NOT NULL,
  c_id_numeric INTEGER NOT NULL,
  currency TEXT NOT NULL,
  amount INTEGER NOT NULL,
  fee INTEGER NOT NULL,
  provider TEXT NOT NULL,
  method TEXT NOT NULL,
  test INTEGER NOT NULL,
  status TEXT NOT NULL,
  status_version INTEGER NOT NULL,
  p_id TEXT,
  utr TEXT,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  finished_ms INTEGER NOT NULL,
  redirect TEXT,
  receiver TEXT,
  payer TEXT,
  sealed_card TEXT,
  webhook_url TEXT,
  webhook_events TEXT,
  UNIQUE (application_id, c_id)
) WITHOUT ROWID;

-- One row per status change, with the webhook body frozen at that moment.
CREATE TABLE IF NOT EXISTS events (
  h_id TEXT NOT NULL,
  status_version INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  event TEXT NOT NULL,
  application_id INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (h_id, status_version)
) WITHOUT ROWID;

-- Merchant balances. lock_version is raised by whoever takes the row for a transaction.
CREATE TABLE IF NOT EXISTS balances (
  application_id INTEGER NOT NULL,
  currency TEXT NOT NULL,
  value INTEGER NOT NULL,
  value_freezing INTEGER NOT NULL,
  value_blocking INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  chain_seq INTEGER NOT NULL,
  chain_mac TEXT NOT NULL,
  head_mac TEXT NOT NULL,
  lock_version INTEGER NOT NULL,
  PRIMARY KEY (application_id, currency)
) WITHOUT ROWID;

-- Insert-only, chained per application and currency.
CREATE TABLE IF NOT EXISTS ledger_entries (
  application_id INTEGER NOT NULL,
  currency TEXT NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  reference TEXT NOT NULL,
  reason TEXT,
  created_ms INTEGER NOT NULL,
  mac TEXT NOT NULL,
  PRIMARY KEY (application_id, currency, seq),
  UNIQUE (application_id, kind, reference)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS ledger_postings (
  application_id INTEGER NOT NULL,
  currency TEXT NOT NULL,
  seq INTEGER NOT NULL,
  leg INTEGER NOT NULL,
  account TEXT NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (application_id, currency, seq, leg)
) WITHOUT ROWID;

-- Every payment without a final word: when to ask its provider next.
CREATE TABLE IF NOT EXISTS provider_tasks (
  h_id TEXT NOT NULL PRIMARY KEY,
  application_id INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  asks INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS provider_tasks_due ON provider_tasks (due_ms);

-- Provider messages that changed nothing and wait for the operator's eye.
CREATE TABLE IF NOT EXISTS provider_messages (
  h_id TEXT NOT NULL,
  digest TEXT NOT NULL,
  reason TEXT NOT NULL,
  provider TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (h_id, digest)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS webhook_endpoints (
  id TEXT NOT NULL PRIMARY KEY,
  application_id INTEGER NOT NULL,
  url TEXT NOT NULL,
  source TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  url_digest TEXT NOT NULL,
  UNIQUE (application_id, source, url_digest)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS webhook_deliveries (
  id TEXT NOT NULL PRIMARY KEY,
  endpoint_id TEXT NOT NULL,
  application_id INTEGER NOT NULL,
  h_id TEXT NOT NULL,
  status_version INTEGER NOT NULL,
  state TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS webhook_deliveries_due ON webhook_deliveries (state, due_ms);
