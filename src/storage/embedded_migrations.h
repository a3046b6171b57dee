// The files of sql/, compiled into the binary by cmake/embed.cmake.
#pragma once

#include <string>
#include <vector>

namespace multihub::storage {

struct EmbeddedMigration {
  std::string engine;  // "sqlite" or "mysql"
  std::string name;    // "0001_directory"
  std::string sql;
};

const std::vector<EmbeddedMigration>& EmbeddedMigrations();

}  // namespace multihub::storage
