#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/refused.h"
#include "multihub/base/json_writer.h"
#include "multihub/storage/directory_store.h"

namespace multihub::cli {
namespace {

constexpr std::size_t kMaxName = 255;

struct CreateOptions {
  std::string name;
  std::optional<std::int64_t> id;
};

void AppendMerchant(base::JsonWriter* json, const storage::MerchantRow& row) {
  json->BeginObject().Key("merchant_id").Int(row.id.value).Key("name").String(row.name);
  json->Key("enabled").Bool(row.enabled).EndObject();
}

void Create(Context* context, const CreateOptions& options) {
  CheckText("--name", options.name, kMaxName);
  storage::MerchantRow row;
  row.name = options.name;
  if (options.id) row.id = ToMerchantId(*options.id);
  try {
    context->Change([&](storage::Session& session) {
      if (!options.id) row.id.value = storage::NextMerchantId(session);
      storage::InsertMerchant(session, row, session.DatabaseNowMs());
    });
  } catch (const storage::StorageFailure& failure) {
    if (failure.kind() != storage::StorageFailure::Kind::kDuplicate) throw;
    throw Refused("There is a merchant " + std::to_string(row.id.value) + " already; choose another --id.");
  }
  std::string json;
  base::JsonWriter writer(&json);
  AppendMerchant(&writer, row);
  context->Print(json, "Merchant " + std::to_string(row.id.value) + " is created.");
}

void List(Context* context) {
  const storage::DirectoryRows rows = storage::LoadDirectory(*context->OpenCurrent());
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("merchants").BeginArray();
  std::vector<std::vector<std::string>> table = {{"merchant", "enabled", "name"}};
  for (const storage::MerchantRow& row : rows.merchants) {
    AppendMerchant(&writer, row);
    table.push_back({std::to_string(row.id.value), OnOff(row.enabled), row.name});
  }
  writer.EndArray().EndObject();
  context->Print(json, FormatTable(table));
}

void Enable(Context* context, std::int64_t id, bool enabled) {
  const domain::MerchantId merchant = ToMerchantId(id);
  context->Change([&](storage::Session& session) {
    if (!storage::SetMerchantEnabled(session, merchant, enabled)) {
      throw Refused("There is no merchant " + std::to_string(id) + ".");
    }
  });
  std::string json;
  base::JsonWriter(&json).BeginObject().Key("merchant_id").Int(id).Key("enabled").Bool(enabled).EndObject();
  context->Print(json, "Merchant " + std::to_string(id) + (enabled ? " is enabled." : " is disabled."));
}

void AddSwitch(Command* group, Context* context, bool enabled) {
  auto id = std::make_shared<std::int64_t>(0);
  const std::string word = enabled ? "enable" : "disable";
  group
      ->Add(word, enabled ? "Lets all its applications call again" : "Refuses all its applications",
            "multihub merchant " + word + " 1")
      .Option("id", id.get(), "The merchant", Command::Need::kRequired)
      .Run([context, id, enabled] { Enable(context, *id, enabled); });
}

}  // namespace

void AddMerchant(Command* root, Context* context) {
  Command group = root->Group("merchant", "Merchants: the owners of applications");
  auto create = std::make_shared<CreateOptions>();
  group.Add("create", "Creates a merchant", "multihub merchant create --name \"Example Shop\"")
      .Option("--name", &create->name, "What the operator calls it", Command::Need::kRequired)
      .Option("--id", &create->id, "Its id; the next free one when left out")
      .Run([context, create] { Create(context, *create); });
  group.Add("list", "Shows all merchants", "multihub merchant list --json").Run([context] { List(context); });
  AddSwitch(&group, context, true);
  AddSwitch(&group, context, false);
}

}  // namespace multihub::cli
