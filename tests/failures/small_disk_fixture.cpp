#include "failures/small_disk_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "support/fd.h"

namespace multihub::failures {
namespace {

constexpr const char* kFiller = "filler";

bool WriteTo(const char* path, const std::string& text) {
  const support::Fd file(::open(path, O_WRONLY | O_CLOEXEC));
  return ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Takes this process to a place where it may mount; empty, or why it cannot.
std::string TakeMounts() {
  const std::string uid = std::to_string(::geteuid()), gid = std::to_string(::getegid());
  const bool root = ::geteuid() == 0;
  bool taken = ::unshare(root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) == 0;
  if (taken && !root) {
    taken = WriteTo("/proc/self/setgroups", "deny") && WriteTo("/proc/self/uid_map", uid + " " + uid + " 1") &&
            WriteTo("/proc/self/gid_map", gid + " " + gid + " 1");
  }
  taken = taken && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return taken ? "" : std::string("no file system can be mounted here: ") + std::strerror(errno);
}

// Before main: a process with threads cannot take a namespace of users.
const std::string no_mounts = TakeMounts();

[[noreturn]] void Throw(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

std::string Script(const support::TempDir& dir, const std::string& name, const std::string& text) {
  const std::string path = dir.File(name);
  support::WriteFile(path, "#!/bin/sh\n" + text + "\n");
  ::chmod(path.c_str(), 0755);
  return path;
}

}  // namespace

SmallDisk::SmallDisk(std::size_t megabytes) {
  if (!no_mounts.empty()) throw std::runtime_error(no_mounts);
  const std::string data = "mode=0755,size=" + std::to_string(megabytes) + "m";
  if (::mount("multihub-test", path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV, data.c_str()) != 0) {
    Throw("cannot mount " + path());
  }
}

SmallDisk::~SmallDisk() { ::umount2(path().c_str(), MNT_DETACH); }

void SmallDisk::Fill() {
  const support::Fd file(::open(File(kFiller).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (file.get() < 0) Throw("cannot make " + File(kFiller));
  for (std::size_t piece = 1 << 20; piece > 0;) {
    const std::vector<char> zeros(piece, '\0');
    if (::write(file.get(), zeros.data(), zeros.size()) <= 0) piece /= 2;
  }
  if (errno != ENOSPC) Throw("cannot fill " + path());
}

void SmallDisk::MakeRoom() { ::unlink(File(kFiller).c_str()); }

void SmallDisk::BecomeReadOnly() {
  if (::mount(nullptr, path().c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) !=
      0) {
    Throw("cannot make " + path() + " read-only");
  }
}

TempRootIn::TempRootIn(const std::string& path) : before_(support::TempRoot()) { ::setenv("TMPDIR", path.c_str(), 1); }

TempRootIn::~TempRootIn() { ::setenv("TMPDIR", before_.c_str(), 1); }

std::string ProgramStoppedByModes(const support::TempDir& dir) {
  const std::string rights = ::geteuid() == 0 ? "setpriv --bounding-set=-dac_override,-dac_read_search -- " : "";
  return Script(dir, "multihub-stopped-by-modes", "exec " + rights + MULTIHUB_BINARY " \"$@\"");
}

std::string ProgramWithDescriptors(const support::TempDir& dir, int descriptors) {
  return Script(dir, "multihub-with-few-descriptors",
                "ulimit -n " + std::to_string(descriptors) + "\nexec " MULTIHUB_BINARY " \"$@\"");
}

}  // namespace multihub::failures
