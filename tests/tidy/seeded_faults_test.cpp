// The table of seeded faults and src say the same, and the document about them has them all.
#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

#include "multihub/base/seeded_fault_table.h"
#include "tidy/tree_fixture.h"

namespace multihub::tidy {
namespace {

// Where src asks for each: SeededFault("name").
std::map<std::string, std::vector<std::string>> PlacesInSource() {
  const std::string call = "SeededFault(\"";
  std::map<std::string, std::vector<std::string>> places;
  for (const char* ending : {".cpp", ".h"}) {
    for (const std::string& file : FilesUnder("src/", ending)) {
      const std::vector<std::string> lines = LinesOf(Read(file));
      for (std::size_t i = 0; i < lines.size(); ++i) {
        for (std::size_t at = lines[i].find(call); at != std::string::npos; at = lines[i].find(call, at + 1)) {
          const std::size_t begin = at + call.size();
          places[lines[i].substr(begin, lines[i].find('"', begin) - begin)].push_back(At(file, i + 1, ""));
        }
      }
    }
  }
  return places;
}

TEST_CASE("every seeded fault of the table is at one place of src, and src has no other") {
  auto places = PlacesInSource();
  std::vector<std::string> problems;
  for (const base::SeededFaultRow& row : base::kSeededFaults) {
    const std::string name(row.name);
    const std::vector<std::string> found = places[name];
    if (found.size() != 1) problems.push_back(name + " stands at " + std::to_string(found.size()) + " places of src");
    places.erase(name);
  }
  for (const auto& [name, found] : places) problems.push_back(found.front() + name + " is not in the table");
  INFO(Join(problems));
  CHECK(problems.empty());
  CHECK(std::size(base::kSeededFaults) >= 40);
}

TEST_CASE("docs/conformance.md lists every seeded fault with what is wrong then, and says why some are not seen") {
  const std::string page = Read("docs/conformance.md");
  for (const base::SeededFaultRow& row : base::kSeededFaults) {
    INFO(row.name);
    CHECK(page.find("| " + std::string(row.area) + " | `" + std::string(row.name) + "` | " + std::string(row.what) +
                    " |") != std::string::npos);
    CHECK_FALSE(row.what.empty());
    CHECK_FALSE(row.first.empty());
    if (!row.unseen.empty()) CHECK(page.find("- `" + std::string(row.name) + "`") != std::string::npos);
  }
}

}  // namespace
}  // namespace multihub::tidy
