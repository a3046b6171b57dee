// What may be expected of one field, in the words of case files:
//
//   path: 5            the value itself (objects: whatever the order of their keys); path: null
//   path: !absent      nothing is there
//   path: {matcher: argument, ...}   all of: equals, not, type, matches, at_least, at_most, one_of, keys, lacks, size,
//                      contains
#pragma once

#include <string>
#include <vector>

#include "conformance/value.h"
#include "multihub/base/json_reader.h"

namespace multihub::conformance {

// Empty, or what is wrong with a rule as it stands in a file (before templates are expanded).
std::string ProblemOfRule(const Value& rule);

// Empty, or one line saying what differs. Templates in `rule` are expanded already.
std::string CheckField(const std::string& path, const Value& rule, base::JsonValue actual);

// Numbers by their value where they are whole, objects without regard to order.
bool SameJson(base::JsonValue a, base::JsonValue b);

}  // namespace multihub::conformance
