#include "conformance/template_text.h"

#include <charconv>
#include <vector>

#include "multihub/base/encoding.h"
#include "multihub/base/json_writer.h"

namespace multihub::conformance {
namespace {

constexpr std::size_t kMaxRepeatedBytes = 1'000'000;

using Text = base::Result<std::string, TemplateProblem>;

base::Failure<TemplateProblem> Wrong(const std::string& what) { return base::Fail(TemplateProblem{"", what}); }

std::optional<std::int64_t> ToInteger(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool IsName(std::string_view text) {
  if (text.empty() || text[0] < 'a' || text[0] > 'z') return false;
  for (const char c : text) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    if (!good) return false;
  }
  return true;
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

Text Repeat(std::string_view arguments) {
  const std::size_t colon = arguments.find(':');
  const std::optional<std::int64_t> count = ToInteger(arguments.substr(0, colon));
  if (colon == std::string_view::npos || !count || *count < 0) return Wrong("repeat needs a number and a text");
  const std::string_view piece = arguments.substr(colon + 1);
  if (static_cast<std::uint64_t>(*count) > kMaxRepeatedBytes / std::max<std::size_t>(piece.size(), 1)) {
    return Wrong("repeat makes more than a million bytes");
  }
  std::string all;
  for (std::int64_t i = 0; i < *count; ++i) all += piece;
  return all;
}

Text FromHex(std::string_view digits) {
  const std::optional<base::Bytes> bytes = base::HexDecode(digits);
  if (!bytes) return Wrong("hex needs an even number of hex digits");
  return std::string(bytes->begin(), bytes->end());
}

// "01:name": the largest number up to the variable's that ends with these two digits.
Text Ending(std::string_view arguments, const Scope& scope) {
  const std::size_t colon = arguments.find(':');
  const std::optional<std::int64_t> digits = ToInteger(arguments.substr(0, colon));
  if (colon != 2 || !digits) return Wrong("ending needs two digits and a variable");
  const std::string name(arguments.substr(colon + 1));
  const Variable* variable = scope.Find(name);
  if (variable == nullptr) return base::Fail(TemplateProblem{name, "nothing is called '" + name + "'"});
  const std::optional<std::int64_t> limit = ToInteger(variable->text);
  if (!limit || *limit < 100) return Wrong("'" + name + "' is '" + variable->text + "', no number from 100");
  const std::int64_t number = *limit - *limit % 100 + *digits;
  return std::to_string(number > *limit ? number - 100 : number);
}

struct Lookup {
  const Scope* scope;
  bool as_json;  // strings with their quotes
};

Text LookUp(const std::string& name, const Lookup& lookup) {
  if (name == "unique" || name == "unique_number") {
    const bool text = name == "unique";
    if (text ? !lookup.scope->unique : !lookup.scope->unique_number) return base::Fail(TemplateProblem{name, "unset"});
    const Variable made =
        text ? Variable::OfText(lookup.scope->unique()) : Variable::OfNumber(lookup.scope->unique_number());
    return lookup.as_json ? made.json : made.text;
  }
  if (const Variable* found = lookup.scope->Find(name)) return lookup.as_json ? found->json : found->text;
  return base::Fail(TemplateProblem{name, "nothing is called '" + name + "'"});
}

base::Result<std::int64_t, TemplateProblem> Term(std::string_view word, const Lookup& lookup) {
  if (const auto number = ToInteger(word)) return *number;
  const Text text = LookUp(std::string(word), {lookup.scope, false});
  if (!text.ok()) return base::Fail(text.error());
  const auto number = ToInteger(*text);
  if (!number) return Wrong("'" + std::string(word) + "' is '" + *text + "', no whole number");
  return *number;
}

// "a + 3 - b": terms at the even places.
Text Sum(const std::vector<std::string_view>& words, const Lookup& lookup) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto term = Term(words[i], lookup);
    if (!term.ok()) return base::Fail(term.error());
    const bool minus = i > 0 && words[i - 1] == "-";
    const bool fits = minus ? !__builtin_sub_overflow(sum, *term, &sum) : !__builtin_add_overflow(sum, *term, &sum);
    if (!fits) return Wrong("the sum is too large");
  }
  return std::to_string(sum);
}

// The place of a template is read in one way by Expand and by NamesIn.
struct Inside {
  std::string function;               // "repeat", "hex", "ending", or empty
  std::string_view arguments;         // of a function
  std::vector<std::string_view> sum;  // one name, or terms and operators; the name that `ending` looks up
};

base::Result<Inside, std::string> ReadInside(std::string_view text) {
  Inside inside;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    inside.function = std::string(text.substr(0, colon));
    inside.arguments = text.substr(colon + 1);
    if (inside.function == "ending" && inside.arguments.size() > 3) {
      inside.sum = {inside.arguments.substr(3)};
      return inside;
    }
    if (inside.function == "repeat" || inside.function == "hex") return inside;
    return base::Fail("there is no function '" + inside.function + "'");
  }
  inside.sum = Words(text);
  if (inside.sum.size() % 2 == 0) return base::Fail("'" + std::string(text) + "' is no sum");
  for (std::size_t i = 0; i < inside.sum.size(); ++i) {
    const std::string_view word = inside.sum[i];
    const bool alone = inside.sum.size() == 1;
    const bool good = alone        ? IsName(word)
                      : i % 2 == 1 ? word == "+" || word == "-"
                                   : IsName(word) || ToInteger(word).has_value();
    if (!good) return base::Fail("'" + std::string(text) + "' is no name and no sum");
  }
  return inside;
}

Text Evaluate(std::string_view text, const Lookup& lookup) {
  const auto inside = ReadInside(text);
  if (!inside.ok()) return Wrong(inside.error());
  if (inside->function == "repeat") return Repeat(inside->arguments);
  if (inside->function == "hex") return FromHex(inside->arguments);
  if (inside->function == "ending") return Ending(inside->arguments, *lookup.scope);
  if (inside->sum.size() > 1) return Sum(inside->sum, lookup);
  return LookUp(std::string(inside->sum[0]), lookup);
}

// Walks over `text`: `plain` gets what stands between the templates, `inside` what stands in each.
template <typename Plain, typename InTemplate>
std::optional<TemplateProblem> Walk(std::string_view text, Plain plain, InTemplate in_template) {
  while (!text.empty()) {
    const std::size_t at = text.find("${");
    if (at == std::string_view::npos) break;
    if (at > 0 && text[at - 1] == '$') {
      plain(text.substr(0, at - 1));
      plain(std::string_view("${"));
      text.remove_prefix(at + 2);
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) return TemplateProblem{"", "'${' without '}'"};
    plain(text.substr(0, at));
    if (auto problem = in_template(text.substr(at + 2, end - at - 2))) return problem;
    text.remove_prefix(end + 1);
  }
  plain(text);
  return std::nullopt;
}

Text ExpandWith(std::string_view text, const Lookup& lookup) {
  std::string out;
  auto problem = Walk(
      text, [&out](std::string_view part) { out += part; },
      [&](std::string_view inside) -> std::optional<TemplateProblem> {
        const Text value = Evaluate(inside, lookup);
        if (!value.ok()) return value.error();
        out += *value;
        return std::nullopt;
      });
  if (problem) return base::Fail(std::move(*problem));
  return out;
}

}  // namespace

Variable Variable::OfText(const std::string& text) {
  Variable variable;
  base::AppendJsonString(&variable.json, text);
  variable.text = text;
  return variable;
}

Variable Variable::OfNumber(std::int64_t number) { return {std::to_string(number), std::to_string(number)}; }

const Variable* Scope::Find(const std::string& name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? nullptr : &found->second;
}

base::Result<std::string, TemplateProblem> Expand(std::string_view text, const Scope& scope) {
  return ExpandWith(text, {&scope, false});
}

std::optional<TemplateProblem> ExpandTree(Value* value, const Scope& scope) {
  if (value->type == Value::Type::kString || value->type == Value::Type::kRaw) {
    auto text = ExpandWith(value->text, {&scope, value->type == Value::Type::kRaw});
    if (!text.ok()) return text.error();
    value->text = std::move(text).value();
  }
  for (Value& item : value->items) {
    if (auto problem = ExpandTree(&item, scope)) return problem;
  }
  return std::nullopt;
}

base::Result<std::set<std::string>, std::string> NamesIn(std::string_view text) {
  std::set<std::string> names;
  const auto problem = Walk(
      text, [](std::string_view) {},
      [&names](std::string_view part) -> std::optional<TemplateProblem> {
        const auto inside = ReadInside(part);
        if (!inside.ok()) return TemplateProblem{"", inside.error()};
        for (std::size_t i = 0; i < inside->sum.size(); i += 2) {
          if (IsName(inside->sum[i])) names.insert(std::string(inside->sum[i]));
        }
        return std::nullopt;
      });
  if (problem) return base::Fail(problem->what);
  return names;
}

}  // namespace multihub::conformance
