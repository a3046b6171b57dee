#include "cli/service_notice.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <optional>

#include "support/temp_dir.h"

namespace multihub::cli {
namespace {

// A supervisor's socket; `name` as in NOTIFY_SOCKET.
class Supervisor {
 public:
  explicit Supervisor(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(name.size() < sizeof(address.sun_path));
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), length) == 0);
  }
  ~Supervisor() { ::close(fd_); }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // The next message; nullopt when none is there.
  std::optional<std::string> Next() const {
    char buffer[256];
    const ssize_t size = ::recv(fd_, buffer, sizeof(buffer), 0);
    if (size < 0) return std::nullopt;
    return std::string(buffer, static_cast<std::size_t>(size));
  }

 private:
  int fd_;
};

TEST_CASE("a state arrives at a socket with a path and at an abstract one, one datagram each") {
  const support::TempDir dir;
  for (const std::string& name : {dir.File("notify"), "@multihub-test-" + std::to_string(::getpid())}) {
    INFO(name);
    const Supervisor supervisor(name);
    CHECK(NotifyService(name, "READY=1"));
    CHECK(NotifyService(name, "STOPPING=1"));
    CHECK(supervisor.Next() == "READY=1");
    CHECK(supervisor.Next() == "STOPPING=1");
    CHECK_FALSE(supervisor.Next());
  }
}

TEST_CASE("without a supervisor nothing happens, and one that cannot be reached is told from one that can") {
  CHECK(NotifyService("", "READY=1"));
  const support::TempDir dir;
  CHECK_FALSE(NotifyService(dir.File("nobody"), "READY=1"));
  CHECK_FALSE(NotifyService("relative", "READY=1"));
  CHECK_FALSE(NotifyService("/" + std::string(200, 'x'), "READY=1"));
}

TEST_CASE("a supervisor that does not read is not waited for") {
  const support::TempDir dir;
  const Supervisor supervisor(dir.File("notify"));
  bool refused = false;
  for (int i = 0; i < 10'000 && !refused; ++i) refused = !NotifyService(dir.File("notify"), "STATUS=full");
  CHECK(refused);
}

}  // namespace
}  // namespace multihub::cli
