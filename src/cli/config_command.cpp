#include <memory>

#include "cli/commands.h"
#include "cli/refused.h"
#include "multihub/base/json_writer.h"

namespace multihub::cli {
namespace {

void Check(Context* context, const std::string& file) {
  const auto loaded = LoadConfig(file, {});
  if (!loaded.ok()) throw Refused(loaded.error());
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("file").String(file).Key("keys").BeginArray();
  for (const std::string& key : loaded->given) writer.String(key);
  writer.EndArray().EndObject();
  context->Print(json, file + " is good; it sets " + std::to_string(loaded->given.size()) + " keys.");
}

// The file form ends with its own line break.
void Show(Context* context) {
  std::string yaml = RenderYaml(context->config());
  yaml.pop_back();
  context->Print(RenderJson(context->config()), yaml);
}

}  // namespace

void AddConfig(Command* root, Context* context) {
  Command group = root->Group("config", "The configuration");
  auto file = std::make_shared<std::string>();
  group.Add("check", "Checks a configuration file", "multihub config check /etc/multihub.yaml")
      .Option("file", file.get(), "The file", Command::Need::kRequired)
      .Run([context, file] { Check(context, *file); });
  group.Add("print", "Shows the configuration in force, secrets redacted", "multihub config print --config my.yaml")
      .Run([context] { Show(context); });
}

}  // namespace multihub::cli
