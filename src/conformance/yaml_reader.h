// Case files as text to trees: the one place of this folder that knows YAML.
#pragma once

#include <string>

#include "conformance/value.h"
#include "multihub/base/result.h"

namespace multihub::conformance {

// "file.yaml:12: what is wrong", for people.
using CaseMistake = std::string;

CaseMistake MistakeAt(const std::string& file, int line, const std::string& what);

// Plain scalars are null, true, false, JSON numbers, and otherwise strings; quoted ones are strings; the tags are !raw
// and !absent. Refused: keys that are no scalars or stand twice, anchors' loops, other tags, invalid UTF-8.
base::Result<Value, CaseMistake> ReadYaml(const std::string& file, const std::string& text);

}  // namespace multihub::conformance
