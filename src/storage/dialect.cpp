#include "storage/dialect.h"

#include <soci/mysql/soci-mysql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "storage/sqlite_library.h"

namespace multihub::storage::dialect {
namespace {

// SQLite primary result codes and MySQL error numbers we act upon.
constexpr int kSqliteBusy = 5;
constexpr int kSqliteLocked = 6;
constexpr int kSqliteConstraint = 19;
constexpr int kSqliteReadOnly = 8;
constexpr int kSqliteIoError = 10;
constexpr int kSqliteCorrupt = 11;
constexpr int kSqliteFull = 13;
constexpr int kSqliteCannotOpen = 14;
constexpr int kSqliteNotADatabase = 26;
constexpr int kMysqlDuplicate = 1062;
constexpr int kMysqlDuplicateWithKey = 1586;
constexpr int kMysqlLockTimeout = 1205;
constexpr int kMysqlDeadlock = 1213;
constexpr int kMysqlConnectFirst = 2000;  // 2000..2999: client errors, all of which leave the connection unusable
constexpr int kMysqlConnectLast = 2999;
constexpr int kMysqlLostToProxy = 1927;
constexpr int kMysqlShutdown = 1053;
constexpr int kMysqlTooManyConnections = 1040;
constexpr int kMysqlNodeNotReady = 1047;  // Galera: the node has no quorum
constexpr int kMysqlCommitFailed = 1180;  // Galera: a member cut off from the others while it sent them the transaction
constexpr int kMysqlReadOnly = 1290;      // the writer has become a replica
constexpr int kMysqlStatementTimeout = 1969;

std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// SOCI's library does not export the type information that UBSan would look at.
__attribute__((no_sanitize("vptr"))) sqlite_api::sqlite3* ConnectionOf(soci::session& session) {
  return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

void ConnectSqlite(soci::session& session, const DatabaseUrl& url, const SessionOptions& options) {
  ConfigureSqlite();
  // The path needs no quoting by SOCI's rules unless it holds spaces or quotes.
  std::string connect = "db=\"" + url.path + "\" timeout=" + std::to_string(options.statement_timeout_s);
  if (options.read_only) connect += " readonly=1";
  session.open(soci::sqlite3, connect);
  if (!options.read_only) {
    // SQLite opens a file that it may not write to all the same, and would say so at the first payment.
    if (sqlite_api::sqlite3_db_readonly(ConnectionOf(session), "main") == 1) {
      throw StorageFailure(StorageFailure::Kind::kOther, "the file may not be written to",
                           StorageFailure::Trouble::kNotWritable);
    }
    session << "PRAGMA journal_mode=WAL";
  }
  session << "PRAGMA synchronous=FULL";
  session << "PRAGMA cache_size=-65536";
  session << "PRAGMA temp_store=MEMORY";
  if (options.on_wal_pages) {
    const auto tell = [](void* context, sqlite_api::sqlite3*, const char*, int pages) {
      (*static_cast<const std::function<void(std::size_t)>*>(context))(static_cast<std::size_t>(pages));
      return SQLITE_OK;
    };
    sqlite_api::sqlite3_wal_hook(ConnectionOf(session), tell,
                                 const_cast<void*>(static_cast<const void*>(&options.on_wal_pages)));
  } else {
    session << "PRAGMA wal_autocheckpoint=" + std::to_string(kWalPages);
  }
}

// The last value of the first row; empty without a row.
std::string LastOfFirstRow(soci::session& session, const char* sql, std::size_t columns) {
  std::vector<std::string> values(columns);
  soci::statement statement(session);
  for (std::string& value : values) statement.exchange(soci::into(value));
  statement.alloc();
  statement.prepare(sql);
  statement.define_and_bind();
  return statement.execute(true) ? values.back() : "";
}

// A member of a Galera cluster may be behind what another one has committed, and new sessions come to another member
// when the writer has failed. So each begins only when its member shows all that was committed anywhere before: nobody
// is told that a payment does not exist which was acknowledged to him. Once is enough, since there is one writer.
void CatchUpWithCluster(soci::session& session) {
  // No cluster, or another product, which does not know the name.
  if (LastOfFirstRow(session, "SHOW VARIABLES LIKE 'wsrep_on'", 2) != "ON") return;
  session << "SET SESSION wsrep_sync_wait = 1";
  LastOfFirstRow(session, "SELECT 1", 1);
  session << "SET SESSION wsrep_sync_wait = 0";
}

void ConnectMysql(soci::session& session, const DatabaseUrl& url, const SessionOptions& options) {
  std::string connect = "host=" + Quoted(url.host) + " port=" + std::to_string(url.port) + " user=" + Quoted(url.user) +
                        " password=" + Quoted(url.password.Reveal()) + " db=" + Quoted(url.database) +
                        " charset=utf8mb4" + " connect_timeout=" + std::to_string(options.connect_timeout_s) +
                        " read_timeout=" + std::to_string(options.statement_timeout_s) +
                        " write_timeout=" + std::to_string(options.statement_timeout_s);
  if (!url.ssl_ca.empty()) connect += " sslca=" + Quoted(url.ssl_ca);
  session.open(soci::mysql, connect);
  session << "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
  session << "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,"
             "NO_ZERO_DATE,NO_ZERO_IN_DATE'";
  session << "SET SESSION time_zone = '+00:00'";
  session << "SET SESSION innodb_lock_wait_timeout = 3";
  CatchUpWithCluster(session);
}

StorageFailure::Kind SqliteKind(int code) {
  switch (code & 0xff) {
    case kSqliteBusy:
    case kSqliteLocked:
      return StorageFailure::Kind::kConflict;
    case kSqliteConstraint:
      return StorageFailure::Kind::kDuplicate;
    default:
      return StorageFailure::Kind::kOther;
  }
}

StorageFailure::Trouble SqliteTrouble(int code) {
  switch (code & 0xff) {
    case kSqliteFull:
      return StorageFailure::Trouble::kFull;
    case kSqliteReadOnly:
    case kSqliteIoError:
    case kSqliteCannotOpen:
      return StorageFailure::Trouble::kNotWritable;
    case kSqliteCorrupt:
    case kSqliteNotADatabase:
      return StorageFailure::Trouble::kDamaged;
    default:
      return StorageFailure::Trouble::kNone;
  }
}

StorageFailure::Trouble MysqlTrouble(unsigned int code) {
  if (code >= kMysqlConnectFirst && code <= kMysqlConnectLast) return StorageFailure::Trouble::kUnreachable;
  switch (code) {
    case 1044:  // no rights on the database
    case 1045:  // wrong user or password
    case 1698:  // no password given
      return StorageFailure::Trouble::kCredentials;
    case 1049:
      return StorageFailure::Trouble::kNoDatabase;
    case 1021:  // disk full
    case 1114:  // the table is full: its file cannot grow
      return StorageFailure::Trouble::kFull;
    case kMysqlReadOnly:
    case 1836:
      return StorageFailure::Trouble::kNotWritable;
    case 1034:  // index damaged
    case 1194:  // table crashed
    case 1712:
    case 1877:
      return StorageFailure::Trouble::kDamaged;
    default:
      return StorageFailure::Trouble::kNone;
  }
}

// Texts of the server about a statement's data or words repeat them: the values of a merchant's call, which no log may
// hold. (SOCI's what() does so for every error; get_error_message() leaves them out.)
bool MayRepeatValues(unsigned int code) {
  constexpr unsigned int kServerErrors = 2000;
  constexpr unsigned int kHarmless[] = {1021, 1040, 1041, 1044, 1045, 1047, 1049, 1053, 1060, 1061, 1091, 1114,
                                        1146, 1180, 1205, 1213, 1290, 1317, 1698, 1836, 1927, 1969, 3024};
  if (code >= kServerErrors && code < 3000) return false;  // the client's own
  return std::find(std::begin(kHarmless), std::end(kHarmless), code) == std::end(kHarmless);
}

StorageFailure::Kind MysqlKind(unsigned int code) {
  if (code >= kMysqlConnectFirst && code <= kMysqlConnectLast) return StorageFailure::Kind::kLost;
  switch (code) {
    case kMysqlDuplicate:
    case kMysqlDuplicateWithKey:
      return StorageFailure::Kind::kDuplicate;
    case kMysqlLockTimeout:
    case kMysqlDeadlock:
      return StorageFailure::Kind::kConflict;
    case kMysqlLostToProxy:
    case kMysqlShutdown:
    case kMysqlTooManyConnections:
    case kMysqlNodeNotReady:
    case kMysqlCommitFailed:
    case kMysqlReadOnly:
    case kMysqlStatementTimeout:
      return StorageFailure::Kind::kLost;
    default:
      return StorageFailure::Kind::kOther;
  }
}

}  // namespace

void Connect(soci::session& session, const DatabaseUrl& url, const SessionOptions& options) {
  if (url.engine == Engine::kSqlite) {
    ConnectSqlite(session, url, options);
  } else {
    ConnectMysql(session, url, options);
  }
}

void Rethrow(Engine engine, const char* doing) {
  const std::string prefix = std::string(doing) + ": ";
  try {
    throw;
  } catch (const StorageFailure&) {
    throw;
  } catch (const soci::mysql_soci_error& e) {
    const std::string text = MayRepeatValues(e.err_num_) ? "" : " " + e.get_error_message();
    throw StorageFailure(MysqlKind(e.err_num_), prefix + "[" + std::to_string(e.err_num_) + "]" + text,
                         MysqlTrouble(e.err_num_));
  } catch (const soci::sqlite3_soci_error& e) {
    throw StorageFailure(SqliteKind(e.result()),
                         prefix + "[" + std::to_string(e.result()) + "] " + e.get_error_message(),
                         SqliteTrouble(e.result()));
  } catch (const soci::soci_error& e) {
    // SOCI reports a use of a connection it has closed without a number; opening anew settles it either way.
    throw StorageFailure(engine == Engine::kMysql ? StorageFailure::Kind::kLost : StorageFailure::Kind::kOther,
                         prefix + e.get_error_message());
  }
}

const char* BeginStatement(Engine engine) {
  // A deferred BEGIN on SQLite fails when a reader becomes a writer; the write lock is taken at once.
  return engine == Engine::kSqlite ? "BEGIN IMMEDIATE" : "START TRANSACTION";
}

std::vector<const char*> SnapshotStatements(Engine engine) {
  if (engine == Engine::kSqlite) return {"BEGIN"};
  // The level holds for the next transaction only.
  return {"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"};
}

std::size_t RowsPerUpdate(Engine engine) { return engine == Engine::kSqlite ? 1 : 64; }

}  // namespace multihub::storage::dialect
