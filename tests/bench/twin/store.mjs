// The database: a pool of connections, prepared statements, one transaction for each deposit.
import { readFileSync } from "node:fs";
import mysql from "mysql2";

const INSERT_PAYMENT =
  "INSERT INTO payments (h_id, application_id, merchant_id, service_id, direction, c_id, c_id_numeric, currency, " +
  "amount, fee, provider, method, status, status_version, created_ms, updated_ms, finished_ms, payer) " +
  "VALUES (?, ?, ?, ?, 'in', ?, ?, ?, ?, ?, ?, ?, 'created', 1, ?, ?, 0, ?)";
const INSERT_EVENT =
  "INSERT INTO events (h_id, status_version, event_id, event, application_id, created_ms, body) " +
  "VALUES (?, 1, ?, 'payment.created', ?, ?, ?)";
const INSERT_TASK = "INSERT INTO provider_tasks (h_id, application_id, due_ms, asks) VALUES (?, ?, ?, 0)";
const SELECT_PAYMENT = "SELECT h_id, c_id, c_id_numeric, status FROM payments WHERE application_id = ? AND c_id = ?";

const DIRECTORY_AGE_MS = 1000;

const promised = (connection, method, sql, values) =>
  new Promise((resolve, reject) => {
    connection[method](sql, values, (error, rows) => (error ? reject(error) : resolve(rows)));
  });

export class Store {
  constructor(url, poolSize) {
    this.pool = mysql.createPool({ uri: url, connectionLimit: poolSize, supportBigNumbers: true });
    this.pool.on("connection", (connection) => {
      connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
      // A transaction begins with its first statement, which spares a round trip for saying so.
      connection.query("SET SESSION autocommit = 0");
    });
    this.poolSize = poolSize;
    this.applications = new Map();
    this.read = 0;
  }

  async createTables() {
    const sql = readFileSync(new URL("schema.sql", import.meta.url), "utf8").replace(/^--.*$/gm, "");
    for (const statement of sql.split(";").map((part) => part.trim()).filter(Boolean)) {
      await this.inTransaction((connection) => promised(connection, "query", statement));
    }
  }

  async addApplication(application, routes) {
    await this.inTransaction(async (connection) => {
      await promised(connection, "execute", "INSERT INTO applications VALUES (?, ?, 1, ?)", [
        application.id,
        application.merchantId,
        application.secret,
      ]);
      for (const route of routes) {
        await promised(connection, "execute", "INSERT INTO routes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)", [
          route.serviceId,
          application.id,
          route.direction,
          route.currency,
          route.method,
          route.provider,
          route.min,
          route.max,
          route.feeFixed,
          route.feeBps,
        ]);
      }
    });
  }

  // Every connection of the pool opened, so that none is opened while somebody waits.
  async warm() {
    const connections = await Promise.all(Array.from({ length: this.poolSize }, () => this.connection()));
    for (const connection of connections) connection.release();
  }

  // Who may call and on which routes: read anew when older than a second.
  async application(id) {
    if (Date.now() - this.read > DIRECTORY_AGE_MS) {
      this.reading ??= this.readDirectory().finally(() => {
        this.reading = undefined;
      });
      await this.reading;
    }
    return this.applications.get(id);
  }

  // Stores payment, event and task and returns undefined, or returns the payment that has the c_id already.
  async insertDeposit(payment, event, dueMs) {
    try {
      await this.inTransaction(async (connection) => {
        await promised(connection, "execute", INSERT_PAYMENT, [
          payment.hId,
          payment.applicationId,
          payment.merchantId,
          payment.serviceId,
          payment.cId,
          payment.cIdNumeric,
          payment.currency,
          payment.amount,
          payment.fee,
          payment.provider,
          payment.method,
          payment.createdMs,
          payment.createdMs,
          payment.payer,
        ]);
        await promised(connection, "execute", INSERT_EVENT, [
          payment.hId,
          event.id,
          payment.applicationId,
          payment.createdMs,
          event.body,
        ]);
        await promised(connection, "execute", INSERT_TASK, [payment.hId, payment.applicationId, dueMs]);
      });
      return undefined;
    } catch (error) {
      if (error.code !== "ER_DUP_ENTRY") throw error;
      const rows = await this.inTransaction((connection) =>
        promised(connection, "execute", SELECT_PAYMENT, [payment.applicationId, payment.cId]),
      );
      return rows[0];
    }
  }

  close() {
    return new Promise((resolve) => this.pool.end(resolve));
  }

  connection() {
    return new Promise((resolve, reject) => {
      this.pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
    });
  }

  async inTransaction(work) {
    const connection = await this.connection();
    try {
      const result = await work(connection);
      await promised(connection, "query", "COMMIT");
      connection.release();
      return result;
    } catch (error) {
      try {
        await promised(connection, "query", "ROLLBACK");
        connection.release();
      } catch {
        connection.destroy();
      }
      throw error;
    }
  }

  async readDirectory() {
    const [applications, routes] = await this.inTransaction(async (connection) => [
      await promised(connection, "query", "SELECT * FROM applications"),
      await promised(connection, "query", "SELECT * FROM routes"),
    ]);
    this.applications = new Map(
      applications.map((row) => [
        Number(row.id),
        { id: Number(row.id), merchantId: Number(row.merchant_id), enabled: row.enabled === 1, secret: row.secret,
          routes: new Map() },
      ]),
    );
    for (const row of routes) {
      this.applications.get(Number(row.application_id))?.routes.set(Number(row.service_id), {
        serviceId: Number(row.service_id),
        direction: row.direction.toString(),
        currency: row.currency.toString(),
        method: row.method.toString(),
        provider: row.provider.toString(),
        min: Number(row.min_amount),
        max: Number(row.max_amount),
        feeFixed: Number(row.fee_fixed),
        feeBps: Number(row.fee_bps),
        enabled: row.enabled === 1,
      });
    }
    this.read = Date.now();
  }
}
