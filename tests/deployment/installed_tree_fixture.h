// What `cmake --install` makes of this build, in a tree that nothing can write to, and programs run from it by a user
// who could not either.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/process.h"
#include "support/temp_dir.h"

namespace multihub::deployment {

class InstalledTree {
 public:
  // Throws std::runtime_error with the installer's words.
  explicit InstalledTree(const std::string& component);
  ~InstalledTree();
  InstalledTree(const InstalledTree&) = delete;
  InstalledTree& operator=(const InstalledTree&) = delete;

  // Below the prefix: "bin/multihub".
  std::string File(const std::string& name) const { return tree_.File(name); }
  // A directory of the user's own, outside of the tree.
  const std::string& volume() const { return volume_.path(); }
  // Every path below the prefix, with size and time of its last change.
  std::map<std::string, std::string> Contents() const;
  // The program with these words, in the tree, with no configuration from the environment but `env`.
  support::SpawnOptions Command(std::vector<std::string> words, std::map<std::string, std::string> env = {}) const;

 private:
  support::TempDir tree_;
  support::TempDir volume_;
  std::string user_;  // whom root becomes; empty: we are not root
};

}  // namespace multihub::deployment
