#include "deployment/installed_tree_fixture.h"

#include <pwd.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace multihub::deployment {
namespace {

namespace fs = std::filesystem;

constexpr auto kWriting = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;

void SetWritable(const std::string& root, bool writable) {
  const auto set = [&](const fs::path& path) {
    if (fs::is_symlink(path)) return;
    fs::permissions(path, writable ? fs::perms::owner_write : kWriting,
                    writable ? fs::perm_options::add : fs::perm_options::remove);
  };
  set(root);
  for (const auto& entry : fs::recursive_directory_iterator(root)) set(entry.path());
}

}  // namespace

InstalledTree::InstalledTree(const std::string& component) {
  support::SpawnOptions install;
  install.argv = {"cmake", "--install", MULTIHUB_BUILD_DIR, "--prefix", tree_.path(), "--component", component};
  const support::RunResult installed = support::Run(std::move(install));
  if (installed.exit_code != 0) throw std::runtime_error("cmake --install failed: " + installed.err + installed.out);
  SetWritable(tree_.path(), false);
  if (::geteuid() != 0) return;
  // Root may write anywhere, whatever the rights say.
  user_ = "nobody";
  const passwd* account = ::getpwnam(user_.c_str());
  if (account == nullptr || ::chown(volume().c_str(), account->pw_uid, account->pw_gid) != 0) {
    throw std::runtime_error("the volume cannot be given to " + user_);
  }
}

InstalledTree::~InstalledTree() { SetWritable(tree_.path(), true); }

std::map<std::string, std::string> InstalledTree::Contents() const {
  std::map<std::string, std::string> contents;
  for (const auto& entry : fs::recursive_directory_iterator(tree_.path())) {
    const std::string size = entry.is_regular_file() ? std::to_string(entry.file_size()) : "-";
    const auto changed = entry.last_write_time().time_since_epoch().count();
    contents[entry.path().lexically_relative(tree_.path()).string()] = size + " " + std::to_string(changed);
  }
  return contents;
}

support::SpawnOptions InstalledTree::Command(std::vector<std::string> words,
                                             std::map<std::string, std::string> env) const {
  support::SpawnOptions command;
  command.argv = std::move(words);
  command.argv.insert(command.argv.begin(), File("bin/multihub"));
  command.env = std::move(env);
  command.drop_env_prefix = "MULTIHUB_";
  command.cwd = tree_.path();
  command.run_as = user_;
  return command;
}

}  // namespace multihub::deployment
