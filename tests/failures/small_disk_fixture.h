// A disk of our own that can be filled, and places that cannot be written to.
#pragma once

#include <cstddef>
#include <string>

#include "support/temp_dir.h"

namespace multihub::failures {

// A file system in memory. It is mounted where only this program and its children see it, and so gone with them,
// however they end; root's rights are not needed where users may have namespaces of their own. Throws
// std::runtime_error when the machine lets nobody mount.
class SmallDisk {
 public:
  explicit SmallDisk(std::size_t megabytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& path() const { return dir_.path(); }
  std::string File(const std::string& name) const { return dir_.File(name); }
  // Takes all room that is left, and gives it back.
  void Fill();
  void MakeRoom();
  // Nothing on it may be open for writing.
  void BecomeReadOnly();

 private:
  support::TempDir dir_;
};

// While it lives, support::TempDir makes its directories there.
class TempRootIn {
 public:
  explicit TempRootIn(const std::string& path);
  ~TempRootIn();
  TempRootIn(const TempRootIn&) = delete;
  TempRootIn& operator=(const TempRootIn&) = delete;

 private:
  std::string before_;
};

// A program that does the same as `multihub`, but as somebody whom a file's mode stops, root included.
std::string ProgramStoppedByModes(const support::TempDir& dir);
// The same with at most so many descriptors.
std::string ProgramWithDescriptors(const support::TempDir& dir, int descriptors);

}  // namespace multihub::failures
