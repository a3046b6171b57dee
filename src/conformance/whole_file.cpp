#include "conformance/whole_file.h"

#include <fstream>
#include <sstream>

namespace multihub::conformance {

std::optional<std::string> ReadWholeFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) return std::nullopt;
  return std::move(text).str();
}

}  // namespace multihub::conformance
