#include "support/tcp_client.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <thread>

namespace multihub::support {
namespace {

using SteadyClock = std::chrono::steady_clock;

bool EqualNames(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

template <typename Number>
bool ParseNumber(std::string_view text, Number* value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value, base);
  return error == std::errc() && end == text.data() + text.size();
}

int RemainingMs(SteadyClock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
  // Rounded up, so that a deadline half a millisecond ahead is not already over.
  return static_cast<int>(std::clamp<long long>(left + 1, 0, 1 << 30));
}

}  // namespace

const std::string* HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualNames(key, name)) return &value;
  }
  return nullptr;
}

std::size_t HttpResponse::CountHeader(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(), [&](const auto& entry) { return EqualNames(entry.first, name); }));
}

TcpClient::~TcpClient() { Close(); }

TcpClient::TcpClient(TcpClient&& other) noexcept { *this = std::move(other); }

TcpClient& TcpClient::operator=(TcpClient&& other) noexcept {
  if (this == &other) return *this;
  Close();
  fd_ = std::exchange(other.fd_, -1);
  receive_buffer_ = other.receive_buffer_;
  was_reset_ = other.was_reset_;
  buffer_ = std::move(other.buffer_);
  last_error_ = std::move(other.last_error_);
  return *this;
}

bool TcpClient::Fail(const std::string& what) {
  last_error_ = what;
  return false;
}

void TcpClient::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  buffer_.clear();
}

void TcpClient::Abort() {
  if (fd_ < 0) return;
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  Close();
}

void TcpClient::ShutdownWrite() {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
}

bool TcpClient::WaitReady(short events, TimePoint deadline) {
  pollfd entry{fd_, events, 0};
  for (;;) {
    const int ready = ::poll(&entry, 1, RemainingMs(deadline));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return false;
  }
}

bool TcpClient::Connect(const std::string& address, std::uint16_t port, Milliseconds timeout) {
  Close();
  was_reset_ = false;
  sockaddr_storage storage{};
  socklen_t length = 0;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    length = sizeof *v4;
  } else if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    length = sizeof *v6;
  } else {
    return Fail("no numeric address: " + address);
  }

  fd_ = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) return Fail(std::string("socket: ") + std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (receive_buffer_ > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_, sizeof receive_buffer_);

  int error = 0;
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&storage), length) < 0) {
    error = errno;
    if (error == EINPROGRESS) {
      socklen_t size = sizeof error;
      if (!WaitReady(POLLOUT, SteadyClock::now() + timeout)) {
        error = ETIMEDOUT;
      } else {
        ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
      }
    }
  }
  if (error == 0) return true;
  Close();
  return Fail(std::string("connect: ") + std::strerror(error));
}

bool TcpClient::SendAll(std::string_view bytes, Milliseconds timeout) {
  if (fd_ < 0) return Fail("not connected");
  const auto deadline = SteadyClock::now() + timeout;
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Fail(std::string("send: ") + std::strerror(errno));
    if (!WaitReady(POLLOUT, deadline)) return Fail("send: timeout");
  }
  return true;
}

bool TcpClient::WaitAcknowledged(TimePoint deadline) {
  for (;;) {
    int unsent = 0;
    if (::ioctl(fd_, SIOCOUTQ, &unsent) < 0) return Fail(std::string("SIOCOUTQ: ") + std::strerror(errno));
    if (unsent == 0) return true;
    if (SteadyClock::now() >= deadline) return Fail("send: timeout");
    std::this_thread::yield();
  }
}

bool TcpClient::SendByteByByte(std::string_view bytes, Milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!SendAll(bytes.substr(i, 1), timeout) || !WaitAcknowledged(deadline)) return false;
  }
  return true;
}

bool TcpClient::SendPieces(const std::vector<std::string_view>& pieces, std::chrono::microseconds pause,
                           Milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0 && pause.count() > 0) std::this_thread::sleep_for(pause);
    if (!SendAll(pieces[i], timeout) || !WaitAcknowledged(deadline)) return false;
  }
  return true;
}

TcpClient::Fill TcpClient::FillBuffer(TimePoint deadline) {
  if (fd_ < 0) {
    last_error_ = "not connected";
    return Fill::kClosed;
  }
  char chunk[16384];
  for (;;) {
    const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
    if (n > 0) {
      buffer_.append(chunk, static_cast<std::size_t>(n));
      return Fill::kBytes;
    }
    if (n == 0) {
      last_error_ = "closed by the peer";
      return Fill::kClosed;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      was_reset_ = true;
      last_error_ = std::string("recv: ") + std::strerror(errno);
      return Fill::kClosed;
    }
    if (!WaitReady(POLLIN, deadline)) {
      last_error_ = "recv: timeout";
      return Fill::kTimeout;
    }
  }
}

std::optional<std::string> TcpClient::ReadLine(TimePoint deadline) {
  for (;;) {
    const std::size_t end = buffer_.find('\n');
    if (end != std::string::npos) {
      if (end == 0 || buffer_[end - 1] != '\r') {
        last_error_ = "a line without CR LF";
        return std::nullopt;
      }
      std::string line = buffer_.substr(0, end - 1);
      buffer_.erase(0, end + 1);
      return line;
    }
    if (FillBuffer(deadline) != Fill::kBytes) return std::nullopt;
  }
}

bool TcpClient::ReadExactly(std::size_t count, TimePoint deadline, std::string* out) {
  while (buffer_.size() < count) {
    if (FillBuffer(deadline) != Fill::kBytes) return false;
  }
  out->append(buffer_, 0, count);
  buffer_.erase(0, count);
  return true;
}

bool TcpClient::ReadHeaders(TimePoint deadline, HttpResponse* response) {
  for (;;) {
    const std::optional<std::string> line = ReadLine(deadline);
    if (!line.has_value()) return false;
    if (line->empty()) return true;
    const std::size_t colon = line->find(':');
    if (colon == std::string::npos || colon == 0) return Fail("a header line without a name: " + *line);
    response->headers.emplace_back(line->substr(0, colon), Trim(std::string_view(*line).substr(colon + 1)));
  }
}

bool TcpClient::ReadChunked(TimePoint deadline, std::string* out) {
  for (;;) {
    const std::optional<std::string> line = ReadLine(deadline);
    std::size_t size = 0;
    if (!line.has_value()) return false;
    if (!ParseNumber(std::string_view(*line).substr(0, line->find(';')), &size, 16)) return Fail("bad chunk size");
    if (size == 0) {
      HttpResponse trailers;
      return ReadHeaders(deadline, &trailers);
    }
    std::string end;
    if (!ReadExactly(size, deadline, out) || !ReadExactly(2, deadline, &end)) return false;
    if (end != "\r\n") return Fail("a chunk without CR LF after it");
  }
}

bool TcpClient::ReadBody(TimePoint deadline, HttpResponse* response) {
  const std::string* coding = response->Header("Transfer-Encoding");
  if (coding != nullptr && EqualNames(*coding, "chunked")) return ReadChunked(deadline, &response->body);
  if (const std::string* text = response->Header("Content-Length")) {
    std::size_t length = 0;
    if (!ParseNumber(*text, &length)) return Fail("bad Content-Length: " + *text);
    return ReadExactly(length, deadline, &response->body);
  }
  response->ended_by_close = true;
  for (;;) {
    const Fill fill = FillBuffer(deadline);
    if (fill == Fill::kTimeout) return false;
    if (fill == Fill::kClosed) break;
  }
  response->body = std::move(buffer_);
  buffer_.clear();
  return true;
}

std::optional<HttpResponse> TcpClient::ReadHttpResponse(Milliseconds timeout, bool to_head) {
  const auto deadline = SteadyClock::now() + timeout;
  const std::optional<std::string> line = ReadLine(deadline);
  if (!line.has_value()) return std::nullopt;
  HttpResponse response;
  response.version = line->substr(0, line->find(' '));
  const bool shaped = response.version.rfind("HTTP/", 0) == 0 && line->size() >= response.version.size() + 4;
  if (!shaped || !ParseNumber(std::string_view(*line).substr(response.version.size() + 1, 3), &response.status)) {
    last_error_ = "no status line: " + *line;
    return std::nullopt;
  }
  if (!ReadHeaders(deadline, &response)) return std::nullopt;
  const bool bodiless = to_head || response.status < 200 || response.status == 204 || response.status == 304;
  if (!bodiless && !ReadBody(deadline, &response)) return std::nullopt;
  return response;
}

std::optional<std::string> TcpClient::ReadUntilClose(Milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  for (;;) {
    const Fill fill = FillBuffer(deadline);
    if (fill == Fill::kTimeout) return std::nullopt;
    if (fill == Fill::kClosed) return std::exchange(buffer_, {});
  }
}

std::string TcpClient::ReadSome(std::size_t max_bytes, Milliseconds timeout) {
  if (buffer_.empty()) FillBuffer(SteadyClock::now() + timeout);
  std::string result = buffer_.substr(0, max_bytes);
  buffer_.erase(0, result.size());
  return result;
}

bool TcpClient::IsClosedByPeer(Milliseconds timeout) {
  if (fd_ < 0) return true;
  if (!buffer_.empty()) return false;
  return FillBuffer(SteadyClock::now() + timeout) == Fill::kClosed;
}

}  // namespace multihub::support
