// The files of those who run the suite: cases and services of their own.
#pragma once

#include <optional>
#include <string>

namespace multihub::conformance {

// nullopt when it cannot be read.
std::optional<std::string> ReadWholeFile(const std::string& path);

}  // namespace multihub::conformance
