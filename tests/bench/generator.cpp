#include "bench/generator.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "support/signed_client.h"

namespace multihub::bench {
namespace {

constexpr std::size_t kBufferBytes = 16 * 1024;
constexpr std::uint64_t kSignatureSample = 64;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
// After the clock has run out the answers under way are still awaited, this long at most.
constexpr std::int64_t kDrainNs = 30 * kNsPerSecond;
// The closed loop looks for answers at most this often. Far below the time 64 requests take at the fastest server.
constexpr std::int64_t kGatherNs = 40'000;
constexpr std::string_view kStatusOk = "HTTP/1.1 200";
constexpr std::string_view kStatusBusy = "HTTP/1.1 429";
constexpr std::string_view kBusy = "\"code\":1000,";
constexpr std::string_view kServerIsBusy = "\"Server is busy\"";
// For all that is no connection.
constexpr rlim_t kOtherDescriptors = 64;
constexpr std::string_view kSuccess = "{\"success\":true";

std::int64_t ReadClockNs(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

std::int64_t NowNs() { return ReadClockNs(CLOCK_MONOTONIC); }

std::int64_t ThreadCpuNs() { return ReadClockNs(CLOCK_THREAD_CPUTIME_ID); }

bool Contains(std::string_view text, std::string_view part) {
  return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

// The value of a header of `head`, whose name is given as ": "-terminated line start in its usual spelling.
std::optional<std::string_view> FindHeader(std::string_view head, std::string_view usual) {
  const void* found = ::memmem(head.data(), head.size(), usual.data(), usual.size());
  std::size_t at = found == nullptr ? std::string_view::npos
                                    : static_cast<std::size_t>(static_cast<const char*>(found) - head.data());
  if (at == std::string_view::npos) {
    const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    const auto it = std::search(head.begin(), head.end(), usual.begin(), usual.end(), same);
    if (it == head.end()) return std::nullopt;
    at = static_cast<std::size_t>(it - head.begin());
  }
  const std::size_t begin = at + usual.size();
  return head.substr(begin, head.find('\r', begin) - begin);
}

// The soft limit of descriptors of a process is often 1,024.
void AllowConnections(int connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t needed = static_cast<rlim_t>(connections) + kOtherDescriptors;
  if (limit.rlim_cur >= needed) return;
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

struct Connection {
  int fd = -1;
  bool busy = false;
  std::size_t request = 0;    // index in the pool
  std::int64_t since_ns = 0;  // sent (closed loop) or due (open loop)
  std::int64_t sent_ns = 0;   // open loop
  std::size_t have = 0;
  std::vector<char> buffer = std::vector<char>(kBufferBytes);
};

class Generator {
 public:
  Generator(RequestPool& pool, const LoadOptions& options) : pool_(pool), options_(options) {
    AllowConnections(options.connections);
    // Fine-grained waking for the open loop.
    ::prctl(PR_SET_TIMERSLACK, 1);
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) throw std::runtime_error("epoll_create1 failed");
    connections_.resize(static_cast<std::size_t>(options.connections));
    for (Connection& connection : connections_) Connect(&connection);
  }

  ~Generator() {
    for (Connection& connection : connections_) ::close(connection.fd);
    ::close(epoll_);
  }

  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  LoadResult Closed() {
    const std::int64_t start = NowNs();
    const std::int64_t cpu_start = ThreadCpuNs();
    const std::int64_t end = start + static_cast<std::int64_t>(options_.seconds * kNsPerSecond);
    end_ns_ = end;
    for (Connection& connection : connections_) Next(&connection, NowNs());
    while (busy_ > 0 && !lost_) {
      const std::int64_t limit = end_ns_ + kDrainNs;
      if (NowNs() > limit) break;
      Gather();
      Poll(kNsPerSecond, [this](Connection* connection, std::int64_t now) {
        if (now < end_ns_) Next(connection, now);
      });
    }
    CountUnanswered(NowNs());
    result_.seconds = static_cast<double>(std::min(end, used_up_ns_.value_or(end)) - start) / kNsPerSecond;
    result_.own_cpu = static_cast<double>(ThreadCpuNs() - cpu_start) / static_cast<double>(NowNs() - start);
    return std::move(result_);
  }

  LoadResult Open(double rate) {
    const double interval = kNsPerSecond / rate;
    const std::int64_t start = NowNs();
    const std::int64_t cpu_start = ThreadCpuNs();
    const std::int64_t end = start + static_cast<std::int64_t>(options_.seconds * kNsPerSecond);
    end_ns_ = options_.overload ? end : end + kDrainNs;
    for (Connection& connection : connections_) idle_.push_back(&connection);
    std::uint64_t issued = 0;
    const auto due_at = [&](std::uint64_t n) {
      return start + static_cast<std::int64_t>(static_cast<double>(n) * interval);
    };
    for (;;) {
      const std::int64_t now = NowNs();
      while (!idle_.empty() && due_at(issued) <= std::min(now, end - 1) && TakeRequest().has_value()) {
        Connection* connection = idle_.back();
        idle_.pop_back();
        Send(connection, taken_, due_at(issued++));
        connection->sent_ns = NowNs();
      }
      const bool all_issued = due_at(issued) >= end || pool_used_up_;
      if (lost_ || (all_issued && busy_ == 0) || now > end + kDrainNs) break;
      const std::int64_t wait = all_issued || idle_.empty() ? kNsPerSecond : due_at(issued) - now;
      Poll(std::max<std::int64_t>(wait, 0),
           [this](Connection* connection, std::int64_t) { idle_.push_back(connection); });
    }
    const std::int64_t now = NowNs();
    result_.sent = issued;
    CountUnanswered(now);
    for (; due_at(issued) < end && !pool_used_up_; ++issued) result_.latency.Record(now - due_at(issued));
    const std::int64_t counted_until = options_.overload ? end : std::max(now, end);
    result_.seconds = static_cast<double>(counted_until - start) / kNsPerSecond;
    result_.own_cpu = static_cast<double>(ThreadCpuNs() - cpu_start) / static_cast<double>(now - start);
    return std::move(result_);
  }

 private:
  void Connect(Connection* connection) {
    connection->fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connection->fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
      throw std::runtime_error(std::string("cannot connect to the server: ") + std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    // Edges are enough, and cheaper: Receive leaves nothing behind unless an answer is complete.
    event.events = EPOLLIN | EPOLLET;
    event.data.ptr = connection;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->fd, &event);
  }

  std::optional<std::size_t> TakeRequest() {
    if (cursor_ == pool_.size()) {
      pool_used_up_ = !pool_.reusable() || pool_.size() == 0;
      if (pool_used_up_) return std::nullopt;
      cursor_ = 0;
    }
    taken_ = cursor_++;
    return taken_;
  }

  void Next(Connection* connection, std::int64_t now) {
    if (TakeRequest().has_value()) {
      Send(connection, taken_, now);
    } else if (!used_up_ns_.has_value()) {
      // From here on the load is no longer full: what comes later does not count.
      used_up_ns_ = now;
      end_ns_ = now;
    }
  }

  void Send(Connection* connection, std::size_t request, std::int64_t since_ns) {
    connection->busy = true;
    ++busy_;
    connection->request = request;
    connection->since_ns = since_ns;
    connection->have = 0;
    std::string_view bytes = pool_.Bytes(request);
    while (!bytes.empty()) {
      const ssize_t n = ::send(connection->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno == EAGAIN) {
        pollfd writable{connection->fd, POLLOUT, 0};
        ::poll(&writable, 1, 1000);
      } else if (errno != EINTR) {
        // Reading will say so too, and after what was still received.
        return;
      }
    }
  }

  // Lets answers gather for a moment, so that the server does not pay for waking us at each of them.
  void Gather() {
    const std::int64_t now = NowNs();
    const std::int64_t until = last_poll_ns_ + kGatherNs;
    last_poll_ns_ = std::max(now, until);
    if (now >= until) return;
    const timespec at{static_cast<time_t>(until / kNsPerSecond), static_cast<long>(until % kNsPerSecond)};
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
  }

  template <typename OnAnswer>
  void Poll(std::int64_t wait_ns, const OnAnswer& on_answer) {
    epoll_event events[256];
    const timespec wait{static_cast<time_t>(wait_ns / kNsPerSecond), static_cast<long>(wait_ns % kNsPerSecond)};
    const int ready = ::epoll_pwait2(epoll_, events, 256, &wait, nullptr);
    for (int i = 0; i < ready && !lost_; ++i) {
      auto* connection = static_cast<Connection*>(events[i].data.ptr);
      if (!Receive(connection)) continue;
      const std::int64_t now = NowNs();
      Complete(connection, now);
      on_answer(connection, now);
    }
  }

  // True when the answer is complete. When it is not, reads until nothing is left: a close that came together with
  // the last bytes has no edge of its own.
  bool Receive(Connection* connection) {
    for (;;) {
      const ssize_t n = ::recv(connection->fd, connection->buffer.data() + connection->have,
                               connection->buffer.size() - connection->have, MSG_DONTWAIT);
      if (n < 0 && errno == EAGAIN) return false;
      if (n <= 0) return Lose(connection, n == 0 ? "the server closed the connection" : std::strerror(errno));
      connection->have += static_cast<std::size_t>(n);
      if (!connection->busy) return Lose(connection, "bytes without a request");
      if (FindEnd(connection)) return true;
      if (lost_) return false;
    }
  }

  // Ends the run: what follows on this connection means nothing any more.
  bool Lose(Connection* connection, const char* what) {
    lost_ = true;
    Failure(connection, what);
    return false;
  }

  bool FindEnd(Connection* connection) {
    const std::string_view bytes(connection->buffer.data(), connection->have);
    const void* end = ::memmem(bytes.data(), bytes.size(), "\r\n\r\n", 4);
    if (end == nullptr) return bytes.size() == kBufferBytes && Lose(connection, "an endless header block");
    head_ = bytes.substr(0, static_cast<std::size_t>(static_cast<const char*>(end) - bytes.data()) + 2);
    const auto text = FindHeader(head_, "\nContent-Length: ");
    std::size_t length = 0;
    const bool valid =
        text.has_value() && std::from_chars(text->data(), text->data() + text->size(), length).ec == std::errc();
    const std::size_t total = head_.size() + 2 + length;
    if (!valid || total > kBufferBytes || bytes.size() > total) return Lose(connection, "not one answer with a length");
    if (bytes.size() < total) return false;
    body_ = bytes.substr(head_.size() + 2);
    return true;
  }

  // head_ and body_ are the connection's answer.
  void Complete(Connection* connection, std::int64_t now) {
    connection->busy = false;
    --busy_;
    if (options_.overload && IsBusyAnswer()) {
      if (now > end_ns_) return;
      ++result_.shed;
      result_.shed_latency.Record(now - connection->sent_ns);
      return;
    }
    if (const char* wrong = WhatIsWrong(connection->request)) {
      Failure(connection, wrong);
      return;
    }
    if (now > end_ns_) return;
    ++result_.answers;
    result_.latency.Record(now - connection->since_ns);
  }

  bool IsBusyAnswer() const {
    return head_.substr(0, kStatusBusy.size()) == kStatusBusy && Contains(body_, kBusy) &&
           Contains(body_, kServerIsBusy) && FindHeader(head_, "\nRetry-After: ").has_value();
  }

  const char* WhatIsWrong(std::size_t request) {
    if (head_.substr(0, kStatusOk.size()) != kStatusOk) return "status is not 200";
    if (!options_.exact_body.empty()) return body_ == options_.exact_body ? nullptr : "another body";
    if (body_.substr(0, kSuccess.size()) != kSuccess) return "no success";
    const std::string_view marker = pool_.Marker(request);
    if (!marker.empty() && !Contains(body_, marker)) return "the answer to another request";
    if (++checked_ % kSignatureSample == 1) {
      const auto hash = FindHeader(head_, "\nX-Data-Hash: ");
      if (!hash.has_value() || *hash != support::Sign(body_, pool_.SecretOf(request)))
        return "the signature does not verify";
    }
    return nullptr;
  }

  void Failure(Connection* connection, const char* what) {
    if (++result_.failures > 1) return;
    result_.first_failure = std::string(what) + "; request: " + std::string(pool_.Bytes(connection->request)) +
                            "; received: " + std::string(connection->buffer.data(), connection->have);
  }

  void CountUnanswered(std::int64_t now) {
    for (Connection& connection : connections_) {
      if (!connection.busy) continue;
      result_.latency.Record(now - connection.since_ns);
      if (!lost_) Failure(&connection, "no answer");
    }
  }

  RequestPool& pool_;
  const LoadOptions& options_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  std::vector<Connection*> idle_;
  std::size_t cursor_ = 0;
  std::size_t taken_ = 0;
  bool pool_used_up_ = false;
  int busy_ = 0;
  bool lost_ = false;
  std::int64_t end_ns_ = 0;
  std::int64_t last_poll_ns_ = 0;
  std::optional<std::int64_t> used_up_ns_;
  std::uint64_t checked_ = 0;
  std::string_view head_, body_;
  LoadResult result_;
};

}  // namespace

LoadResult RunClosedLoop(RequestPool& pool, const LoadOptions& options) { return Generator(pool, options).Closed(); }

LoadResult RunOpenLoop(RequestPool& pool, const LoadOptions& options, double requests_per_second) {
  return Generator(pool, options).Open(requests_per_second);
}

}  // namespace multihub::bench
