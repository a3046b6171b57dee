#include "conformance/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace multihub::conformance {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
const char* const kTooLate = "no answer in time";

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

struct FreeTls {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* session) const { SSL_free(session); }
};

bool IsLoopbackAddress(const Address& address) {
  if (address.bytes.ss_family == AF_INET) {
    in_addr v4{};
    std::memcpy(&v4, &reinterpret_cast<const sockaddr_in&>(address.bytes).sin_addr, sizeof v4);
    return (ntohl(v4.s_addr) >> 24) == 127;
  }
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address.bytes).sin6_addr);
}

// Waits until the descriptor is ready; false when the deadline is over.
bool WaitReady(int fd, short events, Deadline deadline) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd waiting{fd, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left.count() + 1, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

std::string TlsReason() {
  const unsigned long error = ERR_get_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return reason == nullptr ? "the TLS connection broke" : std::string("TLS: ") + reason;
}

struct Socket {
  int fd = -1;
  Socket() = default;
  Socket(Socket&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd >= 0) ::close(fd);
  }
};

base::Result<Socket, std::string> Connect(const Address& address, Deadline deadline) {
  Socket socket;
  socket.fd = ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket.fd < 0) return base::Fail(std::string(std::strerror(errno)));
  const int on = 1;
  ::setsockopt(socket.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.fd, reinterpret_cast<const sockaddr*>(&address.bytes), address.size) == 0) return socket;
  if (errno != EINPROGRESS) return base::Fail(std::string("no connection: ") + std::strerror(errno));
  if (!WaitReady(socket.fd, POLLOUT, deadline)) return base::Fail(std::string("no connection in time"));
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return base::Fail(std::string("no connection: ") + std::strerror(error));
  return socket;
}

}  // namespace

struct Target::State {
  std::string host;
  std::vector<Address> addresses;
  std::unique_ptr<SSL_CTX, FreeTls> tls;  // of an https gateway
};

struct Connection::State {
  std::shared_ptr<const Target::State> target;
  Socket socket;
  std::unique_ptr<SSL, FreeTls> tls;

  explicit State(Socket connected) : socket(std::move(connected)) {}

  // Waits for what TLS asks for after `result`; false when that is no waiting but an end, or the deadline is over.
  bool WaitForTls(int result, Deadline deadline) const {
    const int wanted = SSL_get_error(tls.get(), result);
    if (wanted == SSL_ERROR_WANT_READ) return WaitReady(socket.fd, POLLIN, deadline);
    if (wanted == SSL_ERROR_WANT_WRITE) return WaitReady(socket.fd, POLLOUT, deadline);
    return false;
  }

  std::optional<std::string> ShakeHands(Deadline deadline) {
    tls.reset(SSL_new(target->tls.get()));
    in6_addr unused{};
    const bool literal = ::inet_pton(AF_INET, target->host.c_str(), &unused) == 1 ||
                         ::inet_pton(AF_INET6, target->host.c_str(), &unused) == 1;
    if (literal) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls.get()), target->host.c_str());
    } else {
      SSL_set1_host(tls.get(), target->host.c_str());
      SSL_set_tlsext_host_name(tls.get(), target->host.c_str());
    }
    SSL_set_fd(tls.get(), socket.fd);
    for (;;) {
      ERR_clear_error();
      const int result = SSL_connect(tls.get());
      if (result == 1) return std::nullopt;
      if (WaitForTls(result, deadline)) continue;
      const long verified = SSL_get_verify_result(tls.get());
      if (verified != X509_V_OK) return std::string("TLS: ") + X509_verify_cert_error_string(verified);
      return TlsReason();
    }
  }
};

base::Result<Target, std::string> Target::Resolve(const std::string& host, std::uint16_t port, bool tls,
                                                  const std::string& ca_file) {
  auto state = std::make_shared<State>();
  state->host = host;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return base::Fail(std::string(::gai_strerror(error)));
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    Address address;
    std::memcpy(&address.bytes, at->ai_addr, at->ai_addrlen);
    address.size = at->ai_addrlen;
    state->addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  if (tls) {
    state->tls.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_verify(state->tls.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(state->tls.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    const bool trusted = ca_file.empty()
                             ? SSL_CTX_set_default_verify_paths(state->tls.get()) == 1
                             : SSL_CTX_load_verify_locations(state->tls.get(), ca_file.c_str(), nullptr) == 1;
    if (!trusted) return base::Fail("the certificates in " + ca_file + " cannot be read");
  }
  Target target;
  target.state_ = std::move(state);
  return target;
}

bool Target::IsLoopback() const {
  for (const Address& address : state_->addresses) {
    if (!IsLoopbackAddress(address)) return false;
  }
  return true;
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

base::Result<Connection, std::string> Connection::Open(const Target& target, Deadline deadline) {
  std::string why = "no address";
  for (const Address& address : target.state_->addresses) {
    auto socket = Connect(address, deadline);
    if (!socket.ok()) {
      why = socket.error();
      continue;
    }
    auto state = std::make_unique<State>(std::move(socket).value());
    state->target = target.state_;
    if (target.state_->tls) {
      if (auto problem = state->ShakeHands(deadline)) return base::Fail(std::move(*problem));
    }
    return Connection(std::move(state));
  }
  return base::Fail(std::move(why));
}

base::Result<base::Unit, std::string> Connection::Send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    if (state_->tls) {
      ERR_clear_error();
      const int sent = SSL_write(state_->tls.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (!state_->WaitForTls(sent, deadline)) {
        return base::Fail(std::string("the request was not taken"));
      }
      continue;
    }
    const ssize_t sent = ::send(state_->socket.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!WaitReady(state_->socket.fd, POLLOUT, deadline)) return base::Fail(std::string("the request was not taken"));
    } else if (errno != EINTR) {
      return base::Fail(std::string("the request was not taken: ") + std::strerror(errno));
    }
  }
  return base::Unit{};
}

base::Result<Connection::End, std::string> Connection::Read(std::string* in, Deadline deadline) {
  char buffer[kReadBytes];
  for (;;) {
    if (state_->tls) {
      ERR_clear_error();
      const int got = SSL_read(state_->tls.get(), buffer, sizeof buffer);
      if (got > 0) {
        in->append(buffer, static_cast<std::size_t>(got));
        return End::kMore;
      }
      const int end = SSL_get_error(state_->tls.get(), got);
      if (end == SSL_ERROR_ZERO_RETURN) return End::kClosed;
      if (end != SSL_ERROR_WANT_READ && end != SSL_ERROR_WANT_WRITE) return End::kReset;
      if (!state_->WaitForTls(got, deadline)) return base::Fail(std::string(kTooLate));
      continue;
    }
    const ssize_t got = ::recv(state_->socket.fd, buffer, sizeof buffer, 0);
    if (got > 0) {
      in->append(buffer, static_cast<std::size_t>(got));
      return End::kMore;
    }
    if (got == 0) return End::kClosed;
    if (errno == ECONNRESET) return End::kReset;
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return base::Fail(std::string(std::strerror(errno)));
    if (!WaitReady(state_->socket.fd, POLLIN, deadline)) return base::Fail(std::string(kTooLate));
  }
}

}  // namespace multihub::conformance
