// What every command works with: the options of the whole program, and what comes from them on demand.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/config.h"
#include "multihub/storage/session.h"

namespace multihub::cli {

// The budget of a command's transaction: busy neighbours are waited for this long.
inline constexpr std::int64_t kUnitBudgetMs = 15000;

class Context {
 public:
  // The options --config, --database and --json.
  void Declare(Command* root);

  // File and environment, read once. Throws Refused.
  const Config& config();
  // --database, or the configured one; with the configured password when the URL names none.
  storage::DatabaseUrl database_url();
  bool database_given();

  // A command's session on a database whose schema this program can work with; on a server its statements may take an
  // hour. Throws Refused, with the command to run.
  std::unique_ptr<storage::Session> OpenCurrent();
  std::unique_ptr<storage::Session> OpenCurrent(const storage::DatabaseUrl& url);
  // The same for the gateway, whose statements may take as long as is configured.
  std::unique_ptr<storage::Session> OpenToServe(const storage::DatabaseUrl& url);
  // A session on a database that may have an older schema or none; a SQLite file and its directory are created.
  std::unique_ptr<storage::Session> OpenToMigrate(const storage::DatabaseUrl& url);

  // Runs `work` as one transaction on the current schema. What it throws undoes it.
  void Change(const std::function<void(storage::Session&)>& work);

  // One document on stdout: `json` under --json, otherwise `text`. Both without the final line break.
  void Print(const std::string& json, const std::string& text) const;

 private:
  storage::SessionOptions SessionOptionsOf(const storage::DatabaseUrl& url, bool command);
  std::unique_ptr<storage::Session> OpenKnown(const storage::DatabaseUrl& url, bool command);
  // `work` with a new session on `url`; what fails is Refused, in words about that database.
  std::unique_ptr<storage::Session> Open(const storage::DatabaseUrl& url, bool command,
                                         const std::function<void(storage::Session&)>& work);

  std::optional<std::string> config_file_;
  std::optional<std::string> database_;
  bool json_ = false;
  std::optional<Config> config_;
};

// What a command says when the database failed it, and what to do about it. `database`: "The database URL".
std::string SentenceOf(const storage::StorageFailure& failure, const std::string& database = "The database");

// Throws Refused unless this program can work with the schema of the database behind `session`: its own, or a newer one
// that says it serves it.
void RequireCurrentSchema(storage::Session& session, const storage::DatabaseUrl& url);

// Columns padded to their widest cell; the first row is the head.
std::string FormatTable(const std::vector<std::vector<std::string>>& rows);
std::string OnOff(bool on);

}  // namespace multihub::cli
