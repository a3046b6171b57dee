#include <memory>

#include "cli/commands.h"
#include "cli/provider_adapters.h"
#include "cli/refused.h"
#include "multihub/base/json_writer.h"
#include "multihub/storage/directory_store.h"

namespace multihub::cli {
namespace {

bool IsEnabled(const storage::DirectoryRows& rows, std::string_view name) {
  for (const storage::ProviderRow& row : rows.providers) {
    if (row.name == name) return row.enabled;
  }
  return true;
}

void List(Context* context) {
  const storage::DirectoryRows rows = storage::LoadDirectory(*context->OpenCurrent());
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("providers").BeginArray();
  std::vector<std::vector<std::string>> table = {{"provider", "enabled", "applications"}};
  for (const ProviderAdapter& adapter : ProviderAdapters()) {
    const bool enabled = IsEnabled(rows, adapter.name);
    writer.BeginObject().Key("provider").String(adapter.name).Key("enabled").Bool(enabled);
    writer.Key("test").Bool(adapter.for_test).EndObject();
    table.push_back({std::string(adapter.name), OnOff(enabled), adapter.for_test ? "test" : "live"});
  }
  writer.EndArray().EndObject();
  context->Print(json, FormatTable(table));
}

void Enable(Context* context, const std::string& name, bool enabled) {
  RequireAdapter(name);
  context->Change([&](storage::Session& session) { storage::SetProviderEnabled(session, name, enabled); });
  std::string json;
  base::JsonWriter(&json).BeginObject().Key("provider").String(name).Key("enabled").Bool(enabled).EndObject();
  context->Print(json, "Provider " + name + (enabled ? " is enabled." : " is disabled."));
}

void AddSwitch(Command* group, Context* context, bool enabled) {
  auto name = std::make_shared<std::string>();
  const std::string word = enabled ? "enable" : "disable";
  group
      ->Add(word, enabled ? "Uses its routes again" : "Refuses its routes (1009)",
            "multihub provider " + word + " simulator")
      .Option("provider", name.get(), "Name of the adapter", Command::Need::kRequired)
      .Run([context, name, enabled] { Enable(context, *name, enabled); });
}

}  // namespace

void AddProvider(Command* root, Context* context) {
  Command group = root->Group("provider", "Payment providers this program has an adapter for");
  group.Add("list", "Shows all providers", "multihub provider list").Run([context] { List(context); });
  AddSwitch(&group, context, true);
  AddSwitch(&group, context, false);
}

}  // namespace multihub::cli
