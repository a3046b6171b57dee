-- The directory: who may call the gateway and on which routes. Small tables, read whole by every gateway process.
-- serves from: 1
CREATE TABLE IF NOT EXISTS settings (
  name VARBINARY(64) NOT NULL,
  value VARBINARY(4096) NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB;

-- One row. Every change of the directory raises it first, so that changes wait for each other and readers notice.
CREATE TABLE IF NOT EXISTS directory_version (
  id BIGINT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB;

INSERT INTO directory_version (id, version)
  SELECT 1, 1 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM directory_version WHERE id = 1);

CREATE TABLE IF NOT EXISTS merchants (
  id BIGINT NOT NULL,
  name VARBINARY(1024) NOT NULL,
  enabled BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS applications (
  id BIGINT NOT NULL,
  merchant_id BIGINT NOT NULL,
  test BIGINT NOT NULL,
  enabled BIGINT NOT NULL,
  strict_identifiers BIGINT NOT NULL,
  balance_enabled BIGINT NOT NULL,
  sealed_secret VARBINARY(2048) NOT NULL,
  secret_digest VARBINARY(64) NOT NULL,
  sealed_previous_secret VARBINARY(2048) NOT NULL,
  previous_until_ms BIGINT NOT NULL,
  secret_in_use BIGINT NOT NULL,
  sealed_webhook_secret VARBINARY(2048) NOT NULL,
  created_ms BIGINT NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB;

-- One row for each present and previous secret, so that no two applications ever share one.
CREATE TABLE IF NOT EXISTS application_secret_digests (
  digest VARBINARY(64) NOT NULL,
  application_id BIGINT NOT NULL,
  PRIMARY KEY (digest),
  KEY application_secret_digests_application (application_id)
) ENGINE=InnoDB;

-- The allow-list. An application without rows may call from anywhere.
CREATE TABLE IF NOT EXISTS application_addresses (
  application_id BIGINT NOT NULL,
  cidr VARBINARY(64) NOT NULL,
  PRIMARY KEY (application_id, cidr)
) ENGINE=InnoDB;

-- Optional texts are empty, never NULL. required is a comma separated list of receiver fields.
CREATE TABLE IF NOT EXISTS routes (
  service_id BIGINT NOT NULL,
  direction VARBINARY(8) NOT NULL,
  currency VARBINARY(3) NOT NULL,
  method VARBINARY(64) NOT NULL,
  provider VARBINARY(64) NOT NULL,
  min_amount BIGINT NOT NULL,
  max_amount BIGINT NOT NULL,
  fee_fixed BIGINT NOT NULL,
  fee_bps BIGINT NOT NULL,
  required VARBINARY(1024) NOT NULL,
  upi_payee VARBINARY(1024) NOT NULL,
  upi_name VARBINARY(1024) NOT NULL,
  answer_started BIGINT NOT NULL,
  enabled BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  PRIMARY KEY (service_id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS assignments (
  application_id BIGINT NOT NULL,
  service_id BIGINT NOT NULL,
  enabled BIGINT NOT NULL,
  PRIMARY KEY (application_id, service_id)
) ENGINE=InnoDB;

-- Only currencies that were ever switched have a row. application_id 0 is the whole gateway.
CREATE TABLE IF NOT EXISTS currency_switches (
  application_id BIGINT NOT NULL,
  currency VARBINARY(3) NOT NULL,
  enabled BIGINT NOT NULL,
  PRIMARY KEY (application_id, currency)
) ENGINE=InnoDB;

-- Only providers that were ever switched have a row.
CREATE TABLE IF NOT EXISTS providers (
  name VARBINARY(64) NOT NULL,
  enabled BIGINT NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB;
