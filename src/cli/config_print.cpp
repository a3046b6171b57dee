#include "cli/config.h"
#include "multihub/base/json_writer.h"
#include "multihub/storage/database.h"

namespace multihub::cli {
namespace {

constexpr std::string_view kHead =
    "# The configuration of multihub: every key with its default. A key left out keeps its default.\n"
    "# The environment variable MULTIHUB_<SECTION>_<KEY> overrides a key (lists separated by commas).\n"
    "# `multihub config check FILE` checks a file, `multihub config print` shows what is in force.\n";

std::string Shown(TextForm form, const std::string& text) {
  if (form != TextForm::kDatabaseUrl) return text;
  const auto url = storage::DatabaseUrl::Parse(text);
  return url.ok() ? url->Redacted() : "(not a database URL)";
}

void WriteValue(Config* config, const ConfigKey& key, base::JsonWriter* json) {
  if (const auto* boolean = std::get_if<BoolKey>(&key.type)) {
    json->Bool(boolean->field(*config));
  } else if (const auto* integer = std::get_if<IntegerKey>(&key.type)) {
    json->Int(integer->field(*config));
  } else if (const auto* text = std::get_if<TextKey>(&key.type)) {
    json->String(Shown(text->form, text->field(*config)));
  } else if (const auto* list = std::get_if<TextListKey>(&key.type)) {
    json->BeginArray();
    for (const std::string& item : list->field(*config)) json->String(Shown(list->form, item));
    json->EndArray();
  } else if (const auto* secret = std::get_if<SecretKey>(&key.type)) {
    json->String(secret->field(*config).empty() ? "(not set)" : "(set)");
  }
}

// A JSON scalar or list is valid YAML too.
std::string ValueText(Config* config, const ConfigKey& key) {
  std::string text;
  base::JsonWriter json(&text);
  WriteValue(config, key, &json);
  return text;
}

std::string YamlLine(Config* config, const ConfigKey& key) {
  const std::string comment = "  # " + std::string(key.help) + "\n";
  if (std::holds_alternative<SecretKey>(key.type)) {
    return comment + "  # " + std::string(key.name) + ": only by the environment, " + key.EnvironmentName() + " or " +
           key.EnvironmentName() + "_FILE\n";
  }
  return comment + "  " + std::string(key.name) + ": " + ValueText(config, key) + "\n";
}

}  // namespace

std::string RenderYaml(const Config& config) {
  Config copy = config;
  std::string text(kHead);
  for (const ConfigSection& section : ConfigSections()) {
    text += "\n# " + std::string(section.help) + "\n" + std::string(section.name) + ":\n";
    for (const ConfigKey& key : ConfigKeys()) {
      if (key.section == section.name) text += YamlLine(&copy, key);
    }
  }
  return text;
}

std::string RenderJson(const Config& config) {
  Config copy = config;
  std::string text;
  base::JsonWriter json(&text);
  json.BeginObject();
  for (const ConfigSection& section : ConfigSections()) {
    json.Key(section.name).BeginObject();
    for (const ConfigKey& key : ConfigKeys()) {
      if (key.section == section.name) WriteValue(&copy, key, &json.Key(key.name));
    }
    json.EndObject();
  }
  json.EndObject();
  return text;
}

}  // namespace multihub::cli
