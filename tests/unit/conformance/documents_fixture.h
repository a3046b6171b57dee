// The project's own files, as the tests about the cases read them.
#pragma once

#include <set>
#include <string>

namespace multihub::conformance {

// A file by its path from the project's root; empty when there is none.
std::string ReadSource(const std::string& path);

// The headings of a page, as GitHub makes anchors from them.
std::set<std::string> AnchorsOf(const std::string& page);

// The text below a heading, "docs/errors.md#errors", up to the next heading; empty when there is none.
std::string SectionOf(const std::string& clause);

// The file is a test's, and one of its tests has exactly this name.
bool HasTest(const std::string& file, const std::string& name);

}  // namespace multihub::conformance
