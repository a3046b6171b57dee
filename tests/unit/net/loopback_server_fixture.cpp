#include "unit/net/loopback_server_fixture.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "multihub/base/ip_address.h"
#include "net/socket_address.h"

namespace multihub::testing {
namespace {

std::string Format(const net::SocketAddress& address) {
  const std::string text = address.address.Format();
  return (address.address.is_ipv4() ? text : "[" + text + "]") + ":" + std::to_string(address.port);
}

// ---- the watch ----

struct Watch {
  std::mutex mutex;
  bool watching = false;
  std::vector<std::string> connects;
};

Watch& TheWatch() {
  static Watch watch;
  return watch;
}

// False: it must not be made.
bool NoteConnect(const sockaddr* address) {
  const std::optional<net::SocketAddress> peer = net::ReadSocketAddress(address);
  if (!peer.has_value()) return true;
  Watch& watch = TheWatch();
  const std::lock_guard lock(watch.mutex);
  if (!watch.watching) return true;
  watch.connects.push_back(Format(*peer));
  const base::IpAddress& ip = peer->address;
  return ip == base::IpAddress::Parse("::1") || (ip.is_ipv4() && ip.ipv4() >> 24 == 127);
}

}  // namespace
}  // namespace multihub::testing

// Takes the place of the system's connect() in this program, for libcurl too.
extern "C" int connect(int fd, const sockaddr* address, socklen_t length) {
  using Connect = int (*)(int, const sockaddr*, socklen_t);
  static const auto real = reinterpret_cast<Connect>(dlsym(RTLD_NEXT, "connect"));
  if (!multihub::testing::NoteConnect(address)) {
    errno = ENETUNREACH;
    return -1;
  }
  return real(fd, address, length);
}

namespace multihub::testing {

ConnectWatch::ConnectWatch() {
  Watch& watch = TheWatch();
  const std::lock_guard lock(watch.mutex);
  watch.watching = true;
  watch.connects.clear();
}

ConnectWatch::~ConnectWatch() {
  Watch& watch = TheWatch();
  const std::lock_guard lock(watch.mutex);
  watch.watching = false;
}

std::vector<std::string> ConnectWatch::Connects() const {
  Watch& watch = TheWatch();
  const std::lock_guard lock(watch.mutex);
  return watch.connects;
}

// ---- one connection ----

namespace {

std::size_t BodyLength(const std::string& head) {
  const std::string name = "\r\ncontent-length:";
  for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
    if (strncasecmp(head.c_str() + at, name.c_str(), name.size()) == 0)
      return std::stoul(head.substr(at + name.size()));
  }
  return 0;
}

}  // namespace

bool Peer::ReadMore() {
  char buffer[65536];
  const ssize_t count = recv(fd_, buffer, sizeof(buffer), 0);
  if (count <= 0) return false;
  unread_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

std::optional<std::string> Peer::ReadRequest() {
  std::size_t head_end = 0;
  while ((head_end = unread_.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadMore()) return std::nullopt;
  }
  const std::size_t length = head_end + 4 + BodyLength(unread_.substr(0, head_end));
  while (unread_.size() < length) {
    if (!ReadMore()) return std::nullopt;
  }
  std::string request = unread_.substr(0, length);
  unread_.erase(0, length);
  return request;
}

bool Peer::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool Peer::SendByteByByte(std::string_view bytes) {
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return std::all_of(bytes.begin(), bytes.end(), [this](const char& byte) { return Send({&byte, 1}); });
}

bool Peer::WaitForClose(int timeout_ms) {
  for (;;) {
    pollfd waiting{fd_, POLLIN, 0};
    if (poll(&waiting, 1, timeout_ms) == 0) return false;
    if (!ReadMore()) return true;
  }
}

std::string Peer::LocalAddress() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  const std::optional<net::SocketAddress> address = net::ReadSocketAddress(reinterpret_cast<sockaddr*>(&storage));
  return address.has_value() ? address->address.Format() : "";
}

// ---- the server ----

LoopbackServer::LoopbackServer(Handler handler, const std::string& address) : handler_(std::move(handler)) {
  sockaddr_in ipv4{};
  ipv4.sin_family = AF_INET;
  inet_pton(AF_INET, address.c_str(), &ipv4.sin_addr);
  listening_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socklen_t length = sizeof(ipv4);
  auto* const generic = reinterpret_cast<sockaddr*>(&ipv4);
  if (listening_ < 0 || bind(listening_, generic, length) != 0 || listen(listening_, 1024) != 0 ||
      getsockname(listening_, generic, &length) != 0) {
    throw std::runtime_error("cannot listen on " + address + ": " + std::strerror(errno));
  }
  port_ = ntohs(ipv4.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

LoopbackServer::~LoopbackServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    shutdown(listening_, SHUT_RDWR);
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  close(listening_);
}

std::string LoopbackServer::Url(const std::string& host) const {
  return "http://" + host + ":" + std::to_string(port_) + "/hook";
}

int LoopbackServer::accepted() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

void LoopbackServer::Accept() {
  for (;;) {
    const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      if (fd >= 0) close(fd);
      return;
    }
    if (fd < 0) continue;
    ++accepted_;
    open_.push_back(fd);
    threads_.emplace_back([this, fd] {
      Peer peer(fd);
      handler_(peer);
      const std::lock_guard ending(mutex_);
      open_.remove(fd);
      close(fd);
    });
  }
}

std::string Answer(int status, const std::string& body, const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(status) + " Said\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

LoopbackServer::Handler Answering(const std::string& answer) {
  return [answer](Peer& peer) {
    while (peer.ReadRequest().has_value()) {
      if (!peer.Send(answer)) return;
    }
  };
}

}  // namespace multihub::testing
