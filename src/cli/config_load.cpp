// Reads the configuration: the only place that includes yaml-cpp.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "cli/config.h"
#include "multihub/base/ip_address.h"
#include "multihub/storage/database.h"

extern char** environ;  // POSIX

namespace multihub::cli {
namespace {

using Problem = std::optional<std::string>;

constexpr std::size_t kMaxSecretFileBytes = 64 * 1024;

std::optional<std::int64_t> ParseInteger(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> ParseBool(const std::string& text) {
  for (const char* word : {"true", "on", "yes", "1"}) {
    if (text == word) return true;
  }
  for (const char* word : {"false", "off", "no", "0"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

bool IsAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  const std::optional<std::int64_t> port = ParseInteger(text.substr(colon + 1));
  return port && *port >= 0 && *port <= 65535;
}

// The rest of a sentence, or nothing.
Problem CheckProxyNetwork(const std::string& text) {
  const auto network = base::Cidr::Parse(text);
  if (!network) {
    return "must be addresses or networks, such as 10.0.0.5, 10.0.0.0/24 or 2001:db8::/64; " + text + " is neither";
  }
  if (network->length() == 0) {
    return "may not hold " + text + ": whoever calls could claim any address; name the proxies alone";
  }
  return std::nullopt;
}

bool IsForwardedHeader(const std::string& text) {
  return text == "either" || text == "forwarded" || text == "x-forwarded-for";
}

bool IsLogLevel(const std::string& text) {
  return text == "debug" || text == "info" || text == "warn" || text == "error";
}

bool IsReadableFile(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && std::ifstream(path).good();
}

Problem CheckForm(TextForm form, const std::string& text) {
  switch (form) {
    case TextForm::kAny:
      return std::nullopt;
    case TextForm::kAddress:
      if (!IsAddress(text)) return "must be ADDR:PORT, such as 127.0.0.1:8080 or [::]:8080";
      return std::nullopt;
    case TextForm::kProxyNetwork:
      return CheckProxyNetwork(text);
    case TextForm::kForwardedHeader:
      if (!IsForwardedHeader(text)) return "must be forwarded, x-forwarded-for or either";
      return std::nullopt;
    case TextForm::kLogLevel:
      if (!IsLogLevel(text)) return "must be debug, info, warn or error";
      return std::nullopt;
    case TextForm::kFileOrNone:
      if (!text.empty() && !IsReadableFile(text)) return "must be a file that can be read, or empty";
      return std::nullopt;
    case TextForm::kDatabaseUrl:
      if (auto url = storage::DatabaseUrl::Parse(text); !url.ok()) return "is no database URL: " + url.error();
      return std::nullopt;
  }
  return std::nullopt;
}

Problem SetTexts(Config* config, const TextListKey& key, std::vector<std::string> texts) {
  if (texts.empty() && !key.may_be_empty) return "needs at least one value";
  for (const std::string& text : texts) {
    if (Problem problem = CheckForm(key.form, text)) return problem;
  }
  key.field(*config) = std::move(texts);
  return std::nullopt;
}

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    const std::size_t begin = part.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    parts.push_back(part.substr(begin, part.find_last_not_of(' ') - begin + 1));
  }
  return parts;
}

const ConfigKey* FindKey(std::string_view section, std::string_view name) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.section == section && key.name == name) return &key;
  }
  return nullptr;
}

bool IsSection(std::string_view name) {
  const auto sections = ConfigSections();
  return std::any_of(sections.begin(), sections.end(), [&](const ConfigSection& row) { return row.name == name; });
}

std::vector<std::string> SectionNames() {
  std::vector<std::string> names;
  for (const ConfigSection& section : ConfigSections()) names.emplace_back(section.name);
  return names;
}

std::vector<std::string> FullNames() {
  std::vector<std::string> names;
  for (const ConfigKey& key : ConfigKeys()) names.push_back(key.FullName());
  return names;
}

// One configuration file; stops at the first problem.
class FileReader {
 public:
  FileReader(std::string path, Config* config) : path_(std::move(path)), config_(config) {}

  Problem Read() {
    std::ifstream stream(path_);
    if (!stream) return "The configuration file " + path_ + " cannot be opened; check the path and its permissions.";
    try {
      const YAML::Node root = YAML::Load(stream);
      if (root.IsNull()) return std::nullopt;
      if (!root.IsMap()) return At(root) + "the file must be sections with keys, as in config/multihub.yaml.";
      return ReadRoot(root);
    } catch (const YAML::Exception& failure) {
      return path_ + ", line " + std::to_string(failure.mark.line + 1) + ": this is not valid YAML (" + failure.msg +
             ").";
    }
  }

 private:
  std::string At(const YAML::Node& node) const {
    return path_ + ", line " + std::to_string(node.Mark().line + 1) + ": ";
  }

  Problem ReadRoot(const YAML::Node& root) {
    for (const auto& item : root) {
      if (!item.first.IsScalar() || !IsSection(item.first.Scalar())) return UnknownSection(item.first);
      if (!sections_.insert(item.first.Scalar()).second) {
        return At(item.first) + "the section " + item.first.Scalar() + " stands here a second time; join the two.";
      }
      if (item.second.IsNull()) continue;
      if (!item.second.IsMap()) {
        return At(item.first) + item.first.Scalar() + " is a section: its keys stand below it, indented.";
      }
      if (Problem problem = ReadSection(item.first.Scalar(), item.second)) return problem;
    }
    return std::nullopt;
  }

  Problem UnknownSection(const YAML::Node& node) const {
    const std::string name = node.IsScalar() ? node.Scalar() : "(not a name)";
    return At(node) + "there is no section " + name + "; the nearest is " + NearestName(name, SectionNames()) +
           ". Correct or remove it.";
  }

  Problem ReadSection(const std::string& section, const YAML::Node& node) {
    for (const auto& item : node) {
      const std::string name = section + "." + (item.first.IsScalar() ? item.first.Scalar() : "(not a name)");
      const ConfigKey* key = item.first.IsScalar() ? FindKey(section, item.first.Scalar()) : nullptr;
      if (key == nullptr) {
        return At(item.first) + "there is no key " + name + "; the nearest is " + NearestName(name, FullNames()) +
               ". Correct or remove it.";
      }
      if (config_->Given(name)) return At(item.first) + name + " stands here a second time; keep one.";
      if (Problem problem = SetFromNode(*key, item.second)) {
        return At(item.first) + name + " " + *problem + ".";
      }
      config_->given.push_back(name);
    }
    return std::nullopt;
  }

  Problem SetFromNode(const ConfigKey& key, const YAML::Node& value) {
    if (std::holds_alternative<SecretKey>(key.type)) {
      return "is a secret and may not stand in this file; set " + key.EnvironmentName() + " or " +
             key.EnvironmentName() + "_FILE and remove it here";
    }
    if (value.IsNull()) return "has no value; give one or remove the line";
    if (const auto* list = std::get_if<TextListKey>(&key.type); list != nullptr && value.IsSequence()) {
      std::vector<std::string> texts;
      for (const auto& element : value) {
        if (!element.IsScalar()) return "must be a list of texts";
        texts.push_back(element.Scalar());
      }
      return SetTexts(config_, *list, std::move(texts));
    }
    if (!value.IsScalar()) return "must be a single value";
    return SetFromText(config_, key, value.Scalar());
  }

  std::string path_;
  Config* config_;
  std::set<std::string> sections_;
};

Problem ReadSecretFile(const std::string& path, base::SecretString* out) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return "names the file " + path + ", which cannot be opened (" + std::strerror(errno) +
           "); correct the path, or let this process read the file";
  }
  std::string text(kMaxSecretFileBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kMaxSecretFileBytes) return "names the file " + path + ", which is too large for a secret";
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return "names the file " + path + ", which is empty; put the secret into it";
  *out = base::SecretString(std::move(text));
  return std::nullopt;
}

const std::string* Lookup(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() || found->second.empty() ? nullptr : &found->second;
}

Problem SetSecret(const ConfigKey& key, const SecretKey& type, const Environment& environment, Config* config) {
  const std::string name = key.EnvironmentName();
  const std::string* direct = Lookup(environment, name);
  const std::string* file = Lookup(environment, name + "_FILE");
  if (direct != nullptr && file != nullptr) {
    return "Both " + name + " and " + name + "_FILE are set; keep one of them.";
  }
  if (direct == nullptr && file == nullptr) return std::nullopt;
  config->given.push_back(key.FullName());
  if (direct != nullptr) {
    type.field(*config) = base::SecretString(*direct);
    return std::nullopt;
  }
  if (Problem problem = ReadSecretFile(*file, &type.field(*config))) {
    return "The environment variable " + name + "_FILE " + *problem + ".";
  }
  return std::nullopt;
}

Problem ApplyEnvironment(const Environment& environment, Config* config) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (const auto* secret = std::get_if<SecretKey>(&key.type)) {
      if (Problem problem = SetSecret(key, *secret, environment, config)) return problem;
      continue;
    }
    const std::string* text = Lookup(environment, key.EnvironmentName());
    if (text == nullptr) continue;
    if (Problem problem = SetFromText(config, key, *text)) {
      return "The environment variable " + key.EnvironmentName() + " " + *problem + ".";
    }
    if (!config->Given(key.FullName())) config->given.push_back(key.FullName());
  }
  return std::nullopt;
}

std::vector<std::string> EnvironmentNames() {
  std::vector<std::string> names;
  for (const ConfigKey& key : ConfigKeys()) {
    names.push_back(key.EnvironmentName());
    if (std::holds_alternative<SecretKey>(key.type)) names.push_back(key.EnvironmentName() + "_FILE");
  }
  return names;
}

bool NamesASection(const std::string& variable) {
  for (const ConfigSection& section : ConfigSections()) {
    const std::string prefix = ConfigKey{section.name, "", "", BoolKey{}}.EnvironmentName();
    if (variable.compare(0, prefix.size(), prefix) == 0) return true;
  }
  return false;
}

// Kubernetes names the services beside a process in its environment: MULTIHUB_HTTP_SERVICE_HOST,
// MULTIHUB_HTTP_PORT=tcp://10.0.0.7:80, MULTIHUB_HTTP_PORT_80_TCP_ADDR, ...
bool IsServiceLink(const std::string& name, const std::string& value) {
  for (const char* part : {"_SERVICE_HOST", "_SERVICE_PORT", "_TCP", "_UDP"}) {
    if (name.find(part) != std::string::npos) return true;
  }
  return value.rfind("tcp://", 0) == 0 || value.rfind("udp://", 0) == 0;
}

// A variable that begins like ours and means nothing is a typing mistake that would otherwise stay unseen.
Problem FindUnknownVariable(const Environment& environment) {
  const std::vector<std::string> known = EnvironmentNames();
  for (const auto& [name, value] : environment) {
    if (!NamesASection(name) || IsServiceLink(name, value)) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return "There is no configuration key for the environment variable " + name + "; the nearest is " +
           NearestName(name, known) + ". Correct or unset it.";
  }
  return std::nullopt;
}

}  // namespace

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return environment;
}

std::optional<std::string> SetFromText(Config* config, const ConfigKey& key, const std::string& text) {
  if (const auto* type = std::get_if<BoolKey>(&key.type)) {
    const std::optional<bool> value = ParseBool(text);
    if (!value) return "must be true or false";
    type->field(*config) = *value;
    return std::nullopt;
  }
  if (const auto* type = std::get_if<IntegerKey>(&key.type)) {
    const std::optional<std::int64_t> value = ParseInteger(text);
    if (!value || *value < type->min || *value > type->max) {
      return "must be a whole number from " + std::to_string(type->min) + " to " + std::to_string(type->max);
    }
    type->field(*config) = *value;
    return std::nullopt;
  }
  if (const auto* type = std::get_if<TextKey>(&key.type)) {
    if (Problem problem = CheckForm(type->form, text)) return problem;
    type->field(*config) = text;
    return std::nullopt;
  }
  if (const auto* type = std::get_if<TextListKey>(&key.type)) {
    return SetTexts(config, *type, SplitAtCommas(text));
  }
  return "is a secret: set " + key.EnvironmentName() + " or " + key.EnvironmentName() + "_FILE";
}

base::Result<Config, std::string> LoadConfig(const std::optional<std::string>& file, const Environment& environment) {
  Config config;
  if (file) {
    if (Problem problem = FileReader(*file, &config).Read()) return base::Fail(std::move(*problem));
  }
  if (Problem problem = FindUnknownVariable(environment)) return base::Fail(std::move(*problem));
  if (Problem problem = ApplyEnvironment(environment, &config)) return base::Fail(std::move(*problem));
  return config;
}

}  // namespace multihub::cli
