#include "conformance/world.h"

#include <charconv>
#include <fstream>
#include <functional>

#include "conformance/embedded_cases.h"
#include "conformance/yaml_reader.h"

namespace multihub::conformance {
namespace {

using Problem = std::string;  // "file:line: what"; empty: none

std::int64_t ToInteger(const Value& value) {
  std::int64_t number = 0;
  const char* end = value.text.data() + value.text.size();
  const auto read = std::from_chars(value.text.data(), end, number);
  return value.type == Value::Type::kNumber && read.ptr == end && number > 0 ? number : 0;
}

bool IsWord(const std::string& text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return text[0] >= 'a';
}

Variable VariableOf(const Value& value) {
  if (value.type == Value::Type::kNumber) return {value.text, value.text};
  return Variable::OfText(value.text);
}

class Reader {
 public:
  Reader(const std::string& file, World* world) : file_(file), world_(world) {}

  Problem Read(const Value& root) const {
    if (!root.is_map()) return At(root, "the file must be a mapping");
    for (std::size_t i = 0; i < root.items.size(); ++i) {
      const Value& value = root.items[i];
      Problem problem;
      if (root.keys[i] == "services") {
        problem =
            EachNamed(value, [this](const std::string& name, const Value& entry) { return Service(name, entry); });
      } else if (root.keys[i] == "applications") {
        problem =
            EachNamed(value, [this](const std::string& name, const Value& entry) { return Application(name, entry); });
      } else if (root.keys[i] == "capabilities") {
        problem = Capabilities(value);
      } else {
        problem = At(value, "there are services, applications and capabilities, and no '" + root.keys[i] + "'");
      }
      if (!problem.empty()) return problem;
    }
    return {};
  }

 private:
  Problem At(const Value& value, const std::string& what) const { return MistakeAt(file_, value.line, what); }

  Problem EachNamed(const Value& value, const std::function<Problem(const std::string&, const Value&)>& take) const {
    if (value.is_null()) return {};
    if (!value.is_map()) return At(value, "this must be a mapping of names");
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      if (!IsWord(value.keys[i])) return At(value.items[i], "a name is made of small letters, digits and '_'");
      if (value.items[i].is_null()) continue;
      if (!value.items[i].is_map()) return At(value.items[i], "an entry is a mapping with an id");
      if (const Problem problem = take(value.keys[i], value.items[i]); !problem.empty()) return problem;
    }
    return {};
  }

  Problem Service(const std::string& name, const Value& entry) const {
    for (std::size_t i = 0; i < entry.items.size(); ++i) {
      const bool is_id = entry.keys[i] == "id";
      if (is_id && ToInteger(entry.items[i]) == 0) return At(entry.items[i], "an id is a positive whole number");
      if (!IsWord(entry.keys[i])) return At(entry.items[i], "a name is made of small letters, digits and '_'");
      world_->variables["service." + name + (is_id ? "" : "." + entry.keys[i])] = VariableOf(entry.items[i]);
    }
    return entry.Find("id") == nullptr ? At(entry, "a service needs its id") : Problem();
  }

  Problem Application(const std::string& name, const Value& entry) const {
    if (name == "app1" || name == "app2") return At(entry, "app1 and app2 are given by --app and --app2");
    const Value* id = entry.Find("id");
    if (id == nullptr || ToInteger(*id) == 0) return At(entry, "an application needs its id, a positive whole number");
    Caller& caller = world_->applications[name];
    caller.application = ToInteger(*id);
    world_->variables["app." + name] = Variable::OfNumber(caller.application);
    for (std::size_t i = 0; i < entry.items.size(); ++i) {
      if (entry.keys[i] == "secret") {
        caller.secret = base::SecretString(entry.items[i].text);
      } else if (entry.keys[i] == "secret_file") {
        std::string line;
        std::ifstream stream(entry.items[i].text);
        if (!std::getline(stream, line)) return At(entry.items[i], "this file cannot be read");
        caller.secret = base::SecretString(std::move(line));
      } else if (entry.keys[i] != "id") {
        return At(entry.items[i], "an application has id, secret and secret_file");
      }
    }
    return {};
  }

  Problem Capabilities(const Value& value) const {
    if (!value.is_list()) return At(value, "capabilities must be a list");
    for (const Value& item : value.items) world_->capabilities.insert(item.text);
    return {};
  }

  std::string file_;
  World* world_;
};

}  // namespace

base::Result<World, std::string> ReadWorld(const std::string& file, const std::string& text) {
  const auto root = ReadYaml(file, text);
  if (!root.ok()) return base::Fail(root.error());
  World world;
  const Problem problem = Reader(file, &world).Read(*root);
  if (!problem.empty()) return base::Fail(problem);
  return world;
}

base::Result<World, std::string> SandboxWorld() {
  for (const EmbeddedFile& file : EmbeddedFiles()) {
    if (file.name.ends_with("/sandbox.yaml")) return ReadWorld(file.name, file.text);
  }
  return base::Fail(std::string("the description of the sandbox is not in this program"));
}

}  // namespace multihub::conformance
