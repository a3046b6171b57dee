// A temporary directory that goes with its owner.
#pragma once

#include <string>

namespace multihub::support {

// Creates a directory under $TMPDIR (else /tmp), mode 0755, named "multihub-test-XXXXXX". The destructor removes it
// with everything in it. Throws std::runtime_error when it cannot be created.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  // Absolute, without a trailing slash.
  const std::string& path() const { return path_; }
  // path() + "/" + name.
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// The directory temporary files belong in: $TMPDIR, else /tmp.
std::string TempRoot();

// Whole files. Both throw std::runtime_error naming the path.
std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& content);

}  // namespace multihub::support
