// Deployment files as they are in the tree, but for what belongs to one machine.
#pragma once

#include <catch2/catch.hpp>
#include <string>

namespace multihub::deployment {

// Every `from`, of which there must be one, becomes `to`.
inline std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  INFO(from);
  REQUIRE(text.find(from) != std::string::npos);
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace multihub::deployment
