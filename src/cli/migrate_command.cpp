#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/refused.h"
#include "multihub/base/json_writer.h"
#include "multihub/storage/migrations.h"

namespace multihub::cli {
namespace {

void PrintSteps(Context* context, const std::vector<storage::MigrationStep>& steps, bool dry_run) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key(dry_run ? "pending" : "applied").BeginArray();
  std::string text;
  for (const storage::MigrationStep& step : steps) {
    writer.BeginObject().Key("version").Int(step.version).Key("name").String(step.name).EndObject();
    text += (dry_run ? "pending " : "applied ") + step.name + "\n";
  }
  writer.EndArray().Key("schema").Int(storage::NewestSchemaVersion()).EndObject();
  text += steps.empty() ? "The schema is up to date."
          : dry_run     ? "Nothing was changed."
                        : "The schema is up to date now.";
  context->Print(json, text);
}

// What would be done to a SQLite file that is not there, without making it.
storage::DatabaseUrl Unmade(storage::DatabaseUrl url) {
  if (url.engine == storage::Engine::kSqlite && !std::filesystem::exists(url.path)) url.path = ":memory:";
  return url;
}

void RunMigrate(Context* context, bool dry_run) {
  const storage::DatabaseUrl url = context->database_url();
  const auto session = dry_run ? storage::Database(Unmade(url)).Open() : context->OpenToMigrate(url);
  if (storage::ReadSchema(*session).fit == storage::Schema::Fit::kTooNew) RequireCurrentSchema(*session, url);
  PrintSteps(context, dry_run ? storage::PendingMigrations(*session) : storage::Migrate(*session), dry_run);
}

}  // namespace

void AddMigrate(Command* root, Context* context) {
  auto dry_run = std::make_shared<bool>(false);
  root->Add("migrate", "Brings the schema up to date; one process at a time, others wait",
            "multihub migrate --database sqlite:///./var/multihub.db")
      .Flag("--dry-run", dry_run.get(), "Only says what would be done")
      .Run([context, dry_run] { RunMigrate(context, *dry_run); });
}

}  // namespace multihub::cli
