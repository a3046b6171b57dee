#include "multihub/storage/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "multihub/base/check.h"

namespace multihub::storage {
namespace {

using base::Fail;

// Durable, or false with errno set.
bool Sync(const std::string& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return synced;
}

std::string DirectoryOf(const std::string& file) {
  const std::string parent = std::filesystem::path(file).parent_path().string();
  return parent.empty() ? "." : parent;
}

// Empty, or what SQLite says is wrong with the copy.
std::string Damage(const std::string& file) {
  DatabaseUrl url;
  url.path = file;
  SessionOptions options;
  options.read_only = true;
  const auto copy = Database(url).Open(options);
  const std::string verdict = copy->QueryText("PRAGMA quick_check(1)").value_or("no answer");
  return verdict == "ok" ? "" : verdict;
}

class Unfinished {
 public:
  explicit Unfinished(std::string file) : file_(std::move(file)) { ::unlink(file_.c_str()); }
  ~Unfinished() { ::unlink(file_.c_str()); }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  const std::string& file() const { return file_; }

 private:
  std::string file_;
};

}  // namespace

base::Result<std::int64_t, std::string> BackUp(Session& session, const std::string& file) {
  MULTIHUB_CHECK(session.engine() == Engine::kSqlite);
  struct stat info {};
  if (::lstat(file.c_str(), &info) == 0) return Fail(file + " exists already; a backup never overwrites a file.");
  const Unfinished unfinished(file + ".unfinished");
  // Made by us first, so that nobody else can read it at any moment; an empty file is taken by VACUUM INTO.
  const int made = ::open(unfinished.file().c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (made < 0) return Fail(unfinished.file() + " cannot be written: " + std::strerror(errno) + ".");
  ::close(made);
  session.Execute("VACUUM INTO ?", {unfinished.file()});
  if (const std::string damage = Damage(unfinished.file()); !damage.empty()) {
    return Fail("The copy is damaged, and so may the database be: " + damage + ".");
  }
  if (!Sync(unfinished.file(), O_RDONLY) || ::stat(unfinished.file().c_str(), &info) != 0 ||
      // Unlike rename, link refuses a file that appeared meanwhile.
      ::link(unfinished.file().c_str(), file.c_str()) != 0 || !Sync(DirectoryOf(file), O_RDONLY | O_DIRECTORY)) {
    return Fail(file + " cannot be made: " + std::strerror(errno) + ".");
  }
  return static_cast<std::int64_t>(info.st_size);
}

}  // namespace multihub::storage
