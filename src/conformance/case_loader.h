// Case files to cases. A mistake is told with its file and line, and no case of a file with a mistake is run.
#pragma once

#include <string>
#include <vector>

#include "conformance/case_model.h"
#include "conformance/yaml_reader.h"
#include "multihub/base/result.h"

namespace multihub::conformance {

// The cases of one file, `each` tables taken apart: a row `name` of the case `id` is the case `id.name`.
base::Result<std::vector<Case>, CaseMistake> LoadCases(const std::string& file, const std::string& text);

// Those compiled into the program, or the *.yaml files of `directory` in their place. Ids are unique over all.
base::Result<std::vector<Case>, CaseMistake> LoadAllCases(const std::string& directory);

}  // namespace multihub::conformance
