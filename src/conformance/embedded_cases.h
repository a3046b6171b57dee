// The case files, compiled into the binary by cmake/embed.cmake.
#pragma once

#include <string>
#include <vector>

namespace multihub::conformance {

struct EmbeddedFile {
  std::string name;  // from the project's root: "tests/conformance/cases/amounts.yaml"
  std::string text;
};

const std::vector<EmbeddedFile>& EmbeddedFiles();

}  // namespace multihub::conformance
