// The language inside `${...}`: variables, sums of whole numbers, and a few functions. Nothing loops and nothing nests.
//
//   ${c_id}                 a variable
//   ${before + 25000 - fee} whole numbers and variables that hold them; operators stand between blanks
//   ${repeat:300:ab}        "ab" three hundred times; at most a million bytes
//   ${hex:c328}             these bytes
//   ${ending:01:before}     the largest number up to ${before} whose last two digits are 01
//   ${unique}               another text each time, never used before (letters, digits, '-')
//   ${unique_number}        another whole number each time, below 2^53
//   $${                     the two characters "${"
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "conformance/value.h"
#include "multihub/base/result.h"

namespace multihub::conformance {

// What a variable stands for: a JSON value, and its text in a string (of a string the unquoted text).
struct Variable {
  std::string json;
  std::string text;

  static Variable OfText(const std::string& text);
  static Variable OfNumber(std::int64_t number);
};

// Where templates look names up. Used by one thread.
class Scope {
 public:
  void Set(const std::string& name, Variable variable) { variables_[name] = std::move(variable); }
  const Variable* Find(const std::string& name) const;
  // Answers ${unique} and ${unique_number}; both run at each use.
  std::function<std::string()> unique;
  std::function<std::int64_t()> unique_number;

 private:
  std::map<std::string, Variable> variables_;
};

// A name that nobody has set: the case cannot run here, which may be nobody's fault (a service the gateway has not).
struct TemplateProblem {
  std::string unknown_name;  // empty: the template itself is wrong
  std::string what;          // a part of a sentence
};

base::Result<std::string, TemplateProblem> Expand(std::string_view text, const Scope& scope);

// Expands the strings and !raw texts of the tree in place. A !raw text takes the JSON of its variables (strings with
// their quotes), a string their text.
std::optional<TemplateProblem> ExpandTree(Value* value, const Scope& scope);

// Names of variables in `text`, and whether all of it can be read.
base::Result<std::set<std::string>, std::string> NamesIn(std::string_view text);

}  // namespace multihub::conformance
