#include "cli/context.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "cli/refused.h"
#include "multihub/base/utf8.h"
#include "multihub/storage/migrations.h"

namespace multihub::cli {
namespace {

// A command may look at everything there is, or build an index over it. Whoever started it waits, and can break it off.
constexpr int kCommandStatementTimeoutS = 3600;

// Nobody but the gateway's own user reads payments; SQLite gives its side files the rights of the database file.
void CreatePrivateFile(const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
}

// SQLite calls some of what a full disk does to it an error of the disk.
storage::StorageFailure WithCause(const storage::StorageFailure& failure, const storage::DatabaseUrl& url) {
  using storage::StorageFailure;
  constexpr std::uintmax_t kTooLittle = 64 * 1024;
  if (url.engine != storage::Engine::kSqlite || failure.trouble() != StorageFailure::Trouble::kNotWritable) {
    return failure;
  }
  const std::filesystem::path directory = std::filesystem::path(url.path).parent_path();
  std::error_code error;
  const auto space = std::filesystem::space(directory.empty() ? "." : directory, error);
  if (error || space.available >= kTooLittle) return failure;
  return StorageFailure(failure.kind(), failure.what(), StorageFailure::Trouble::kFull);
}

}  // namespace

void Context::Declare(Command* root) {
  root->Option("--config", &config_file_, "Configuration file (YAML); see config/multihub.yaml");
  root->Option("--database", &database_, "Database URL, such as sqlite:///./var/multihub.db");
  root->Flag("--json", &json_, "One JSON document on stdout");
}

const Config& Context::config() {
  if (!config_) {
    auto loaded = LoadConfig(config_file_, ProcessEnvironment());
    if (!loaded.ok()) throw Refused(loaded.error());
    config_ = std::move(loaded).value();
  }
  return *config_;
}

bool Context::database_given() { return database_.has_value() || config().Given("database.url"); }

storage::DatabaseUrl Context::database_url() {
  auto parsed = storage::DatabaseUrl::Parse(database_.value_or(config().database.url));
  if (!parsed.ok()) throw Refused(parsed.error());
  storage::DatabaseUrl url = std::move(parsed).value();
  if (url.engine == storage::Engine::kMysql && url.password.empty()) url.password = config().database.password;
  return url;
}

storage::SessionOptions Context::SessionOptionsOf(const storage::DatabaseUrl& url, bool command) {
  storage::SessionOptions options;
  options.connect_timeout_s = static_cast<int>(config().database.connect_timeout_s);
  options.statement_timeout_s = static_cast<int>(config().database.statement_timeout_s);
  // On SQLite it is how long another writer is waited for, and that is as long for everybody.
  const bool patient = command && url.engine == storage::Engine::kMysql;
  if (patient) options.statement_timeout_s = std::max(options.statement_timeout_s, kCommandStatementTimeoutS);
  return options;
}

std::unique_ptr<storage::Session> Context::OpenKnown(const storage::DatabaseUrl& url, bool command) {
  if (url.engine == storage::Engine::kSqlite && !std::filesystem::exists(url.path)) {
    throw Refused("There is no database " + url.Redacted() + "; create it with `multihub migrate --database " +
                  url.Redacted() + "`.");
  }
  return Open(url, command, [&](storage::Session& session) { RequireCurrentSchema(session, url); });
}

std::unique_ptr<storage::Session> Context::OpenCurrent() { return OpenCurrent(database_url()); }

std::unique_ptr<storage::Session> Context::OpenCurrent(const storage::DatabaseUrl& url) {
  return OpenKnown(url, /*command=*/true);
}

std::unique_ptr<storage::Session> Context::OpenToServe(const storage::DatabaseUrl& url) {
  return OpenKnown(url, /*command=*/false);
}

std::unique_ptr<storage::Session> Context::OpenToMigrate(const storage::DatabaseUrl& url) {
  if (url.engine == storage::Engine::kSqlite) {
    const std::filesystem::path directory = std::filesystem::path(url.path).parent_path();
    std::error_code error;
    if (!directory.empty()) std::filesystem::create_directories(directory, error);
    if (error) {
      throw Refused("The directory " + directory.string() + " cannot be created: " + error.message() + ".");
    }
    CreatePrivateFile(url.path);
  }
  return Open(url, /*command=*/true, [](storage::Session& session) { storage::SchemaVersion(session); });
}

std::unique_ptr<storage::Session> Context::Open(const storage::DatabaseUrl& url, bool command,
                                                const std::function<void(storage::Session&)>& work) {
  try {
    auto session = storage::Database(url).Open(SessionOptionsOf(url, command));
    work(*session);
    return session;
  } catch (const storage::StorageFailure& failure) {
    throw Refused(SentenceOf(WithCause(failure, url), "The database " + url.Redacted()));
  }
}

void Context::Change(const std::function<void(storage::Session&)>& work) {
  const auto session = OpenCurrent();
  storage::RunUnit(*session, kUnitBudgetMs, work);
}

void Context::Print(const std::string& json, const std::string& text) const {
  std::cout << (json_ ? json : text) << '\n' << std::flush;
  if (!std::cout) throw Refused("The result could not be written to stdout.");
}

std::string SentenceOf(const storage::StorageFailure& failure, const std::string& database) {
  using storage::StorageFailure;
  const std::string why = std::string(" (") + failure.what() + ")";
  switch (failure.trouble()) {
    case StorageFailure::Trouble::kUnreachable:
      return database + " cannot be reached" + why +
             "; see that it runs, and that host and port of database.url lead to it.";
    case StorageFailure::Trouble::kCredentials:
      return database + " refused the user" + why +
             "; set the right user in database.url and its password in MULTIHUB_DATABASE_PASSWORD or "
             "MULTIHUB_DATABASE_PASSWORD_FILE, and give it all rights on the database.";
    case StorageFailure::Trouble::kNoDatabase:
      return database + " is not there" + why + "; make it on the server, or correct database.url.";
    case StorageFailure::Trouble::kFull:
      return database + " has no room left on its disk" + why + "; make room, and try again.";
    case StorageFailure::Trouble::kNotWritable:
      return database + " cannot be read and written" + why +
             "; see that this process may write to the file and to its directory, that neither is mounted read-only, "
             "and that the disk is sound.";
    case StorageFailure::Trouble::kDamaged:
      return database + " is damaged, or no database at all" + why +
             "; keep it for a look at what happened, and restore the last backup.";
    case StorageFailure::Trouble::kNone:
      break;
  }
  if (failure.kind() == StorageFailure::Kind::kConflict) {
    return database + " stayed busy with other work" + why + "; try again.";
  }
  return database + (failure.kind() == StorageFailure::Kind::kLost ? " cannot be reached" : " refused") + why + ".";
}

void RequireCurrentSchema(storage::Session& session, const storage::DatabaseUrl& url) {
  const storage::Schema schema = storage::ReadSchema(session);
  const std::string newest = std::to_string(storage::NewestSchemaVersion());
  if (schema.fit == storage::Schema::Fit::kTooNew) {
    throw Refused("The database " + url.Redacted() + " has schema " + std::to_string(schema.version) +
                  ", which no longer serves this program, of schema " + newest + "; use a newer multihub.");
  }
  if (schema.fit == storage::Schema::Fit::kTooOld) {
    throw Refused("The database " + url.Redacted() + " has " +
                  (schema.version == 0 ? std::string("no schema yet") : "schema " + std::to_string(schema.version)) +
                  ", and this program needs " + newest + "; run `multihub migrate --database " + url.Redacted() + "`.");
  }
}

std::string FormatTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], base::CountUtf8Characters(row[column]));
    }
  }
  std::string text;
  for (const auto& row : rows) {
    if (!text.empty()) text += '\n';
    for (std::size_t column = 0; column < row.size(); ++column) {
      text += row[column];
      if (column + 1 < row.size()) {
        text.append(widths[column] - base::CountUtf8Characters(row[column]) + 2, ' ');
      }
    }
  }
  return text;
}

std::string OnOff(bool on) { return on ? "on" : "off"; }

}  // namespace multihub::cli
