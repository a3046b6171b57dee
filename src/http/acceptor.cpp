#include "http/acceptor.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pistache/listener.h>
#include <pistache/net.h>
#include <pistache/peer.h>
#include <pistache/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "http/connection.h"
#include "http/front_core.h"
#include "multihub/base/check.h"

namespace multihub::http {
namespace {

constexpr int kBacklog = 4096;  // the kernel takes less if net.core.somaxconn is less

// The library clones it for each reactor thread and calls a clone from that thread only. No exception of ours may
// reach the library: it has no handler and the process would end.
class ReactorHandler final : public Pistache::Tcp::Handler {
  PROTOTYPE_OF(Pistache::Tcp::Handler, ReactorHandler)

 public:
  explicit ReactorHandler(std::shared_ptr<FrontCore> core) : core_(std::move(core)) {}

  // The library forgets sockets that are open when it stops; they are closed here, when its threads have ended.
  ~ReactorHandler() override {
    for (std::size_t fd = 0; fd < by_fd_.size(); ++fd) {
      if (!by_fd_[fd]) continue;
      const auto connection = std::move(by_fd_[fd]);
      connection->OnReactorReleased();
      close(static_cast<int>(fd));
    }
  }

  // After this call the library starts to poll the socket, whatever happened here. So a client that is not admitted is
  // shut down, and the library finds its end of input.
  void onConnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) override {
    const int fd = peer->fd();
    try {
      if (by_fd_.size() <= static_cast<std::size_t>(fd)) by_fd_.resize(static_cast<std::size_t>(fd) + 64);
      by_fd_[static_cast<std::size_t>(fd)] = Connection::Admit(core_, fd);
      if (by_fd_[static_cast<std::size_t>(fd)]) return;
    } catch (const std::exception&) {
    }
    shutdown(fd, SHUT_RDWR);
  }

  void onInput(const char* buffer, std::size_t length, const std::shared_ptr<Pistache::Tcp::Peer>& peer) override {
    const auto& connection = Find(peer->fd());
    if (!connection) return;
    try {
      connection->OnInput(std::string_view(buffer, length));
    } catch (const std::exception&) {
      connection->Drop();
    }
  }

  void onDisconnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) override {
    const auto& connection = Find(peer->fd());
    if (!connection) return;
    const auto released = std::move(by_fd_[static_cast<std::size_t>(peer->fd())]);
    try {
      released->OnReactorReleased();
    } catch (const std::exception&) {
      released->Drop();
    }
  }

 private:
  const std::shared_ptr<Connection>& Find(int fd) const {
    static const std::shared_ptr<Connection> kNone;
    return static_cast<std::size_t>(fd) < by_fd_.size() ? by_fd_[static_cast<std::size_t>(fd)] : kNone;
  }

  std::shared_ptr<FrontCore> core_;
  std::vector<std::shared_ptr<Connection>> by_fd_;
};

sockaddr_storage SocketAddress(const ListenAddress& address, std::uint16_t port) {
  sockaddr_storage storage{};
  if (address.ipv6) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr);
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr);
  }
  return storage;
}

Pistache::Address LibraryAddress(const ListenAddress& address) {
  sockaddr_storage storage = SocketAddress(address, address.port);
  return Pistache::Address(Pistache::IP(reinterpret_cast<sockaddr*>(&storage)), Pistache::Port(address.port));
}

bool IsListening(int fd) {
  int listening = 0;
  socklen_t length = sizeof listening;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening != 0;
}

bool IsBoundTo(int fd, const sockaddr_storage& wanted) {
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length) == 0 &&
         std::memcmp(&bound, &wanted, sizeof bound) == 0;
}

// The library keeps the number of its listening socket to itself. Two sockets cannot listen on one address (we do not
// set SO_REUSEPORT), so the address tells which it is.
int FindListeningFd(const sockaddr_storage& address) {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return -1;
  int found = -1;
  while (const dirent* entry = readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (fd > 2 && IsListening(fd) && IsBoundTo(fd, address)) found = fd;
  }
  closedir(directory);
  return found;
}

}  // namespace

class Acceptor::Library {
 public:
  Pistache::Tcp::Listener listener;
  std::uint16_t port = 0;
  int listening_fd = -1;  // the listener's
};

Acceptor::Acceptor(std::shared_ptr<FrontCore> core) : core_(std::move(core)) {}

Acceptor::~Acceptor() = default;

std::string Acceptor::Start(const ListenAddress& address, int threads) {
  using Pistache::Tcp::Options;
  auto library = std::make_unique<Library>();
  try {
    Pistache::Flags<Options> options(Options::ReuseAddr);
    options.setFlag(Options::CloseOnExec);
    library->listener.init(static_cast<std::size_t>(threads), options, "", kBacklog);
    library->listener.setHandler(std::make_shared<ReactorHandler>(core_));
    library->listener.bind(LibraryAddress(address));
    library->port = library->listener.getPort();
    library->listening_fd = FindListeningFd(SocketAddress(address, library->port));
    library->listener.runThreaded();
  } catch (const std::exception& error) {
    return "cannot listen on " + (address.ipv6 ? "[" + address.host + "]" : address.host) + ":" +
           std::to_string(address.port) + ": " + error.what();
  }
  library_ = std::move(library);
  return "";
}

std::uint16_t Acceptor::port() const { return library_ ? library_->port : std::uint16_t{0}; }

// The library can only stop accepting and reading together. So its listening socket is replaced, under the same
// number, by one that listens to nothing: the port is free at once, the accept thread sleeps on.
void Acceptor::StopAccepting() {
  if (!library_ || library_->listening_fd < 0) return;
  const int deaf = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (deaf < 0) return;
  dup3(deaf, library_->listening_fd, O_CLOEXEC);
  close(deaf);
  library_->listening_fd = -1;
}

}  // namespace multihub::http
