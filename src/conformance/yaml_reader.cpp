#include "conformance/yaml_reader.h"

#include <yaml-cpp/yaml.h>

#include "multihub/base/utf8.h"

namespace multihub::conformance {
namespace {

// Deeper than any case; a loop of anchors ends here.
constexpr int kMaxDepth = 64;

// Stays inside this file.
struct Mistake {
  int line;
  std::string what;
};

int LineOf(const YAML::Node& node) { return node.Mark().line + 1; }

bool IsNullWord(const std::string& text) { return text.empty() || text == "null" || text == "~"; }

Value ReadScalar(const YAML::Node& node) {
  Value value;
  value.line = LineOf(node);
  value.text = node.Scalar();
  value.type = Value::Type::kString;
  const std::string& tag = node.Tag();
  if (tag == "!raw") {
    value.type = Value::Type::kRaw;
  } else if (tag == "!absent") {
    value.type = Value::Type::kAbsent;
  } else if (tag == "?" || tag.empty()) {
    if (IsNullWord(value.text)) {
      value.type = Value::Type::kNull;
    } else if (value.text == "true" || value.text == "false") {
      value.type = Value::Type::kBool;
      value.boolean = value.text == "true";
    } else if (IsJsonNumber(value.text)) {
      value.type = Value::Type::kNumber;
    }
  } else if (tag != "!") {
    throw Mistake{value.line, "the tag " + tag + " is not known; there are !raw and !absent"};
  }
  return value;
}

Value ReadNode(const YAML::Node& node, int depth);

Value ReadMap(const YAML::Node& node, int depth) {
  Value value;
  value.type = Value::Type::kMap;
  value.line = LineOf(node);
  for (const auto& member : node) {
    if (!member.first.IsScalar()) throw Mistake{LineOf(member.first), "a key must be a word"};
    const std::string key = member.first.Scalar();
    if (value.Find(key) != nullptr) throw Mistake{LineOf(member.first), "the key '" + key + "' stands here twice"};
    value.keys.push_back(key);
    value.items.push_back(ReadNode(member.second, depth + 1));
  }
  return value;
}

Value ReadList(const YAML::Node& node, int depth) {
  Value value;
  value.type = Value::Type::kList;
  value.line = LineOf(node);
  for (const auto& item : node) value.items.push_back(ReadNode(item, depth + 1));
  return value;
}

Value ReadNode(const YAML::Node& node, int depth) {
  if (depth > kMaxDepth) throw Mistake{LineOf(node), "this is nested too deep"};
  if (node.IsMap()) return ReadMap(node, depth);
  if (node.IsSequence()) return ReadList(node, depth);
  if (node.IsScalar()) return ReadScalar(node);
  Value value;
  value.line = LineOf(node);
  // "!absent" with nothing behind it.
  if (node.IsDefined() && node.Tag() == "!absent") value.type = Value::Type::kAbsent;
  return value;
}

}  // namespace

CaseMistake MistakeAt(const std::string& file, int line, const std::string& what) {
  return file + ":" + std::to_string(line) + ": " + what;
}

base::Result<Value, CaseMistake> ReadYaml(const std::string& file, const std::string& text) {
  if (!base::IsValidUtf8(text)) return base::Fail(MistakeAt(file, 1, "the file is no UTF-8 text"));
  try {
    return ReadNode(YAML::Load(text), 0);
  } catch (const Mistake& mistake) {
    return base::Fail(MistakeAt(file, mistake.line, mistake.what));
  } catch (const YAML::Exception& problem) {
    return base::Fail(MistakeAt(file, problem.mark.line + 1, problem.msg));
  }
}

}  // namespace multihub::conformance
