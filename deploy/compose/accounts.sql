-- Accounts of the cluster's own, made with the first member's data directory and copied to the others.

-- Copies the database to a new member and looks whether this one is in step: the operating system's user mysql, by the
-- server's own socket alone.
CREATE USER IF NOT EXISTS 'mysql'@'localhost' IDENTIFIED VIA unix_socket;
GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR ON *.* TO 'mysql'@'localhost';

-- HAProxy's health check: shakes hands and leaves. It has no rights.
CREATE USER IF NOT EXISTS 'haproxy'@'%';
