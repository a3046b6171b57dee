#include "support/fixtures.h"

#include <algorithm>
#include <filesystem>

#include "support/temp_dir.h"

namespace multihub::support {
namespace {

std::string Root() { return std::string(MULTIHUB_SOURCE_DIR) + "/tests/fixtures"; }

}  // namespace

std::string Fixture(const std::string& name) { return ReadFile(Root() + "/" + name); }

std::vector<std::string> RequestFixtures() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(Root() + "/requests")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace multihub::support
