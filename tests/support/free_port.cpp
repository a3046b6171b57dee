#include "support/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <stdexcept>
#include <thread>

#include "support/tcp_client.h"

namespace multihub::support {
namespace {

constexpr unsigned kFirstPort = 20000;
constexpr unsigned kPortCount = 12000;

bool CanBind(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd, 1) == 0;
  ::close(fd);
  return bound;
}

}  // namespace

std::uint16_t FreePort() {
  // Programs that run side by side start at different places.
  static std::atomic<unsigned> next{std::random_device{}()};
  for (unsigned tries = 0; tries < kPortCount; ++tries) {
    const auto port = static_cast<std::uint16_t>(kFirstPort + next.fetch_add(1) % kPortCount);
    if (CanBind(port)) return port;
  }
  throw std::runtime_error("no free port");
}

bool WaitForPort(std::uint16_t port, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  do {
    TcpClient probe;
    if (probe.Connect("127.0.0.1", port, std::chrono::seconds(1))) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

}  // namespace multihub::support
