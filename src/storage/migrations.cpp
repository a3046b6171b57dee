#include "multihub/storage/migrations.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "multihub/base/check.h"
#include "multihub/base/ids.h"
#include "multihub/base/random.h"
#include "multihub/observability/log.h"
#include "storage/embedded_migrations.h"

namespace multihub::storage {
namespace {

constexpr std::string_view kCreateMigrations =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL, "
    "applied_ms BIGINT NOT NULL, serves_from BIGINT NOT NULL DEFAULT 0)";
// The first databases had none.
constexpr std::string_view kAddServesFrom =
    "ALTER TABLE schema_migrations ADD COLUMN serves_from BIGINT NOT NULL DEFAULT 0";
constexpr std::string_view kSelectServesFrom = "SELECT MAX(serves_from) FROM schema_migrations";
constexpr std::string_view kCreateLease =
    "CREATE TABLE IF NOT EXISTS schema_lease (id BIGINT NOT NULL PRIMARY KEY, owner VARCHAR(64) NOT NULL, "
    "until_ms BIGINT NOT NULL)";
constexpr std::string_view kInsertLease = "INSERT INTO schema_lease (id, owner, until_ms) VALUES (1, '', 0)";
constexpr std::string_view kTakeLease =
    "UPDATE schema_lease SET owner = ?, until_ms = ? WHERE id = 1 AND "
    // A lease never lies so far ahead: of one that does, the clock has been set back since.
    "(owner = ? OR until_ms < ? OR until_ms > ?)";
constexpr std::string_view kReleaseLease = "UPDATE schema_lease SET until_ms = 0 WHERE id = 1 AND owner = ?";
constexpr std::string_view kSelectSchemaVersion = "SELECT MAX(version) FROM schema_migrations";
constexpr std::string_view kInsertVersion =
    "INSERT INTO schema_migrations (version, name, applied_ms, serves_from) VALUES (?, ?, ?, ?)";

// Long enough for one statement of a step; renewed before each.
constexpr std::int64_t kLeaseMs = 60'000;

std::string_view EngineName(Engine engine) { return engine == Engine::kSqlite ? "sqlite" : "mysql"; }

int VersionOf(const std::string& name) { return std::stoi(name.substr(0, 4)); }

// What the step says of itself: the newest schema that the oldest program knows which still works after it.
int ServesFrom(const EmbeddedMigration& script) {
  constexpr std::string_view kSays = "\n-- serves from: ";
  const std::size_t at = script.sql.find(kSays);
  MULTIHUB_CHECK(at != std::string::npos);
  return std::stoi(script.sql.substr(at + kSays.size()));
}

std::vector<const EmbeddedMigration*> ScriptsOf(Engine engine) {
  std::vector<const EmbeddedMigration*> scripts;
  for (const EmbeddedMigration& migration : EmbeddedMigrations()) {
    if (migration.engine == EngineName(engine)) scripts.push_back(&migration);
  }
  std::sort(scripts.begin(), scripts.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  return scripts;
}

std::string WithoutComments(const std::string& sql) {
  std::string out;
  for (std::size_t at = 0; at < sql.size();) {
    const std::size_t end = std::min(sql.find('\n', at), sql.size());
    const std::string line = sql.substr(at, end - at);
    if (line.compare(0, 2, "--") != 0) out += line + "\n";
    at = end + 1;
  }
  return out;
}

// Statements end with a semicolon at the end of a line.
std::vector<std::string> StatementsOf(const std::string& script) {
  std::vector<std::string> statements;
  const std::string sql = WithoutComments(script);
  for (std::size_t at = 0; at < sql.size();) {
    const std::size_t end = std::min(sql.find(";\n", at), sql.size());
    std::string statement = sql.substr(at, end - at);
    if (statement.find_first_not_of(" \n\t") != std::string::npos) statements.push_back(std::move(statement));
    at = end + 2;
  }
  return statements;
}

class Lease {
 public:
  explicit Lease(Session& session) : session_(session), owner_(base::NewUuid(base::SystemRandomInstance())) {
    session_.Execute(kCreateLease);
    try {
      session_.Execute(kInsertLease);
    } catch (const StorageFailure& failure) {
      if (failure.kind() != StorageFailure::Kind::kDuplicate) throw;
    }
    if (Take()) return;
    observability::Log(observability::LogLevel::kInfo, "migration_waits_for_another", {});
    while (!Take()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ~Lease() {
    try {
      session_.Execute(kReleaseLease, {owner_});
    } catch (const StorageFailure&) {
      // It runs out by itself.
    }
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  void Renew() {
    if (!Take()) throw StorageFailure(StorageFailure::Kind::kOther, "another process has taken over the migration");
  }

 private:
  bool Take() {
    const std::int64_t now = session_.DatabaseNowMs();
    return session_.Execute(kTakeLease, {owner_, now + kLeaseMs, owner_, now, now + 2 * kLeaseMs}) == 1;
  }

  Session& session_;
  std::string owner_;
};

// A repeated step may find done what it did before it was killed: a column or index added, an index dropped.
bool AlreadyDone(const StorageFailure& failure) {
  const std::string what = failure.what();
  return what.find("duplicate column name") != std::string::npos || what.find("[1060]") != std::string::npos ||
         what.find("[1061]") != std::string::npos || what.find("[1091]") != std::string::npos;
}

void RunStep(Session& session, Lease& lease, const EmbeddedMigration& script) {
  for (const std::string& statement : StatementsOf(script.sql)) {
    lease.Renew();
    try {
      session.Execute(statement);
    } catch (const StorageFailure& failure) {
      if (!AlreadyDone(failure)) throw;
    }
  }
  session.Execute(kInsertVersion, {std::int64_t{VersionOf(script.name)}, script.name, session.DatabaseNowMs(),
                                   std::int64_t{ServesFrom(script)}});
}

bool IsMissingColumn(const StorageFailure& failure) {
  const std::string what = failure.what();
  return what.find("no such column") != std::string::npos || what.find("[1054]") != std::string::npos;
}

// nullopt: the table has no such column yet.
std::optional<std::int64_t> StoredServesFrom(Session& session) {
  try {
    return session.QueryInteger(kSelectServesFrom).value_or(0);
  } catch (const StorageFailure& failure) {
    if (!IsMissingColumn(failure)) throw;
    return std::nullopt;
  }
}

void EnsureServesFrom(Session& session, Lease& lease) {
  if (StoredServesFrom(session)) return;
  lease.Renew();
  try {
    session.Execute(kAddServesFrom);
  } catch (const StorageFailure& failure) {
    if (!AlreadyDone(failure)) throw;
  }
}

}  // namespace

int NewestSchemaVersion() { return VersionOf(ScriptsOf(Engine::kSqlite).back()->name); }

int SchemaVersion(Session& session) {
  try {
    return static_cast<int>(session.QueryInteger(kSelectSchemaVersion).value_or(0));
  } catch (const StorageFailure& failure) {
    // No such table: nothing was ever migrated. Anything else is the caller's trouble.
    if (failure.kind() != StorageFailure::Kind::kOther) throw;
    const std::string what = failure.what();
    if (what.find("no such table") == std::string::npos && what.find("[1146]") == std::string::npos) throw;
    return 0;
  }
}

Schema ReadSchema(Session& session) {
  Schema schema;
  schema.version = SchemaVersion(session);
  if (schema.version < NewestSchemaVersion()) {
    schema.fit = Schema::Fit::kTooOld;
  } else if (schema.version > NewestSchemaVersion()) {
    // A database that does not say whom it serves serves only its own program.
    const std::int64_t serves_from = StoredServesFrom(session).value_or(schema.version);
    schema.fit = serves_from > NewestSchemaVersion() ? Schema::Fit::kTooNew : Schema::Fit::kServes;
  }
  return schema;
}

std::vector<MigrationStep> PendingMigrations(Session& session) {
  const int current = SchemaVersion(session);
  std::vector<MigrationStep> steps;
  for (const EmbeddedMigration* script : ScriptsOf(session.engine())) {
    if (VersionOf(script->name) > current) steps.push_back({VersionOf(script->name), script->name});
  }
  return steps;
}

std::vector<MigrationStep> Migrate(Session& session) {
  session.Execute(kCreateMigrations);
  Lease lease(session);
  const std::vector<MigrationStep> steps = PendingMigrations(session);
  if (!steps.empty()) EnsureServesFrom(session, lease);
  for (const EmbeddedMigration* script : ScriptsOf(session.engine())) {
    const int version = VersionOf(script->name);
    const bool pending = std::any_of(steps.begin(), steps.end(), [&](const auto& s) { return s.version == version; });
    if (pending) RunStep(session, lease, *script);
  }
  return steps;
}

}  // namespace multihub::storage
