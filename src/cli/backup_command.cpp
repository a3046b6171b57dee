#include <memory>

#include "cli/commands.h"
#include "cli/refused.h"
#include "multihub/base/json_writer.h"
#include "multihub/storage/backup.h"

namespace multihub::cli {
namespace {

void Backup(Context* context, const std::string& file) {
  const storage::DatabaseUrl url = context->database_url();
  if (url.engine != storage::Engine::kSqlite) {
    throw Refused(
        "backup copies an SQLite database. Back up a database server with its own tool, such as "
        "mariadb-backup: docs/operations.md, \"Backup\".");
  }
  const auto session = context->OpenCurrent(url);
  const auto size = storage::BackUp(*session, file);
  if (!size) throw Refused(size.error());
  std::string json;
  base::JsonWriter(&json).BeginObject().Key("file").String(file).Key("bytes").Int(*size).EndObject();
  context->Print(json, file + " holds the database as it was a moment ago (" + std::to_string(*size) +
                           " bytes). The master key is not in it: keep that elsewhere.");
}

}  // namespace

void AddBackup(Command* root, Context* context) {
  auto file = std::make_shared<std::string>();
  root->Add("backup", "Copies an SQLite database while the gateway runs",
            "multihub backup /var/backups/multihub-2026-05-01.db")
      .Option("file", file.get(), "The copy; must not exist", Command::Need::kRequired)
      .Run([context, file] { Backup(context, *file); });
}

}  // namespace multihub::cli
