-- The twin's tables: what payment.in needs of the gateway's, in the same types.
CREATE TABLE applications (
  id BIGINT NOT NULL PRIMARY KEY,
  merchant_id BIGINT NOT NULL,
  enabled TINYINT NOT NULL,
  secret VARBINARY(255) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE routes (
  service_id BIGINT NOT NULL,
  application_id BIGINT NOT NULL,
  direction VARBINARY(8) NOT NULL,
  currency VARBINARY(3) NOT NULL,
  method VARBINARY(64) NOT NULL,
  provider VARBINARY(64) NOT NULL,
  min_amount BIGINT NOT NULL,
  max_amount BIGINT NOT NULL,
  fee_fixed BIGINT NOT NULL,
  fee_bps BIGINT NOT NULL,
  enabled TINYINT NOT NULL,
  PRIMARY KEY (application_id, service_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE payments (
  h_id VARBINARY(40) NOT NULL PRIMARY KEY,
  application_id BIGINT NOT NULL,
  merchant_id BIGINT NOT NULL,
  service_id BIGINT NOT NULL,
  direction VARBINARY(8) NOT NULL,
  c_id VARBINARY(512) NOT NULL,
  c_id_numeric TINYINT NOT NULL,
  currency VARBINARY(3) NOT NULL,
  amount BIGINT NOT NULL,
  fee BIGINT NOT NULL,
  provider VARBINARY(64) NOT NULL,
  method VARBINARY(64) NOT NULL,
  status VARBINARY(16) NOT NULL,
  status_version BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  finished_ms BIGINT NOT NULL,
  payer TEXT,
  UNIQUE KEY payments_client_id (application_id, c_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE events (
  h_id VARBINARY(40) NOT NULL,
  status_version BIGINT NOT NULL,
  event_id VARBINARY(96) NOT NULL,
  event VARBINARY(32) NOT NULL,
  application_id BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  body MEDIUMTEXT NOT NULL,
  PRIMARY KEY (h_id, status_version),
  KEY events_application (application_id, created_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE provider_tasks (
  h_id VARBINARY(40) NOT NULL PRIMARY KEY,
  application_id BIGINT NOT NULL,
  due_ms BIGINT NOT NULL,
  asks BIGINT NOT NULL,
  KEY provider_tasks_due (due_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
