#include "support/webhook_receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <queue>
#include <stdexcept>
#include <thread>
#include <unordered_map>

#include "support/fd.h"

namespace multihub::support {
namespace {

using SteadyClock = std::chrono::steady_clock;
using TimePoint = SteadyClock::time_point;
using Milliseconds = std::chrono::milliseconds;

constexpr std::size_t kMaxHead = 64 * 1024;
constexpr std::size_t kMaxBody = 64 * 1024 * 1024;
constexpr std::size_t kPiece = 64 * 1024;

// ---- requests -------------------------------------------------------------------------------------------------------

bool EqualNames(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// The part of `text` before `mark`, which is removed with it; everything when there is no mark.
std::string_view TakeUntil(std::string_view* text, std::string_view mark) {
  const std::size_t at = text->find(mark);
  const std::string_view part = text->substr(0, at);
  text->remove_prefix(at == std::string_view::npos ? text->size() : at + mark.size());
  return part;
}

struct Head {
  ReceivedRequest request;
  std::size_t body_length = 0;
  bool closes = false;  // the client wants the connection closed after the answer
  bool expects_continue = false;
};

bool ReadRequestLine(std::string_view line, Head* head) {
  head->request.method = TakeUntil(&line, " ");
  head->request.path = TakeUntil(&line, " ");
  head->closes = line == "HTTP/1.0";
  return !head->request.method.empty() && head->request.path.starts_with('/') && line.starts_with("HTTP/1.");
}

bool Understand(const std::string& name, const std::string& value, Head* head) {
  if (EqualNames(name, "Transfer-Encoding")) return false;
  if (EqualNames(name, "Connection") && EqualNames(value, "close")) head->closes = true;
  if (EqualNames(name, "Expect") && EqualNames(value, "100-continue")) head->expects_continue = true;
  if (!EqualNames(name, "Content-Length")) return true;
  const char* end = value.data() + value.size();
  const auto [read, error] = std::from_chars(value.data(), end, head->body_length);
  return error == std::errc() && read == end && head->body_length <= kMaxBody;
}

// `text` is the head without its empty line. False: that is no such HTTP.
bool ReadHead(std::string_view text, Head* head) {
  if (!ReadRequestLine(TakeUntil(&text, "\r\n"), head)) return false;
  while (!text.empty()) {
    std::string_view line = TakeUntil(&text, "\r\n");
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) return false;
    auto& [name, value] = head->request.headers.emplace_back(line.substr(0, colon), Trim(line.substr(colon + 1)));
    if (!Understand(name, value, head)) return false;
  }
  return true;
}

enum class Taken { kNothingYet, kRequest, kMalformed };

// The first request of `in`, removed from it when complete. Until then `head` is what is known of it.
Taken TakeRequest(std::string* in, Head* head) {
  const std::size_t head_end = in->find("\r\n\r\n");
  if (head_end == std::string::npos) return in->size() > kMaxHead ? Taken::kMalformed : Taken::kNothingYet;
  if (!ReadHead(std::string_view(*in).substr(0, head_end), head)) return Taken::kMalformed;
  const std::size_t body_at = head_end + 4;
  if (in->size() - body_at < head->body_length) return Taken::kNothingYet;
  head->request.body = in->substr(body_at, head->body_length);
  in->erase(0, body_at + head->body_length);
  return Taken::kRequest;
}

// ---- answers --------------------------------------------------------------------------------------------------------

std::string Render(const Reaction& reaction) {
  if (reaction.raw.has_value()) return *reaction.raw;
  std::string bytes = "HTTP/1.1 " + std::to_string(reaction.status) + " Answer\r\n";
  bool has_length = reaction.endless || reaction.status == 204 || reaction.status == 304;
  for (const auto& [name, value] : reaction.headers) {
    if (EqualNames(name, "Content-Length")) has_length = true;
    bytes.append(name).append(": ").append(value).append("\r\n");
  }
  if (!has_length) bytes.append("Content-Length: ").append(std::to_string(reaction.body.size())).append("\r\n");
  bytes += "\r\n";
  if (!reaction.endless) bytes += reaction.body;
  return bytes;
}

std::string Repeat(std::string_view text) {
  std::string repeated;
  do {
    repeated += text.empty() ? "endless " : text;
  } while (repeated.size() < kPiece);
  return repeated;
}

// ---- sockets --------------------------------------------------------------------------------------------------------

[[noreturn]] void ThrowErrno(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

// A socket at the loopback address of `family`, port 0 for any. Without a value: somebody else has the port.
std::optional<Fd> BindLoopback(int family, std::uint16_t port) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) ThrowErrno("cannot create a socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = in6addr_loopback;
  const bool is_v6 = family == AF_INET6;
  if (is_v6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const auto* address = is_v6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
  if (::bind(fd.get(), address, is_v6 ? sizeof v6 : sizeof v4) == 0) return fd;
  if (errno == EADDRINUSE) return std::nullopt;
  ThrowErrno("cannot bind a loopback address");
}

std::uint16_t PortOf(const Fd& fd) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) < 0) ThrowErrno("getsockname");
  return ntohs(address.sin_port);
}

// A port, the same for each family, kept by sockets that never listen: what connects while nobody else listens there is
// refused.
class Reservation {
 public:
  explicit Reservation(std::vector<int> families) : families_(std::move(families)) {
    constexpr int kTries = 50;
    for (int i = 0; i < kTries; ++i) {
      if (Try()) return;
    }
    throw std::runtime_error("no port is free at every loopback address");
  }

  std::uint16_t port() const { return port_; }

  std::vector<Fd> Listen() const {
    std::vector<Fd> listeners;
    for (const int family : families_) {
      std::optional<Fd> fd = BindLoopback(family, port_);
      if (!fd || ::listen(fd->get(), SOMAXCONN) < 0) ThrowErrno("cannot listen");
      listeners.push_back(std::move(*fd));
    }
    return listeners;
  }

 private:
  bool Try() {
    sockets_.clear();
    port_ = 0;
    for (const int family : families_) {
      std::optional<Fd> fd = BindLoopback(family, port_);
      if (!fd) return false;
      if (port_ == 0) port_ = PortOf(*fd);
      sockets_.push_back(std::move(*fd));
    }
    return true;
  }

  std::vector<int> families_;
  std::vector<Fd> sockets_;
  std::uint16_t port_ = 0;
};

struct Connection {
  Connection(int socket, std::size_t its_number) : fd(socket), number(its_number) {}

  Fd fd;
  std::size_t number;
  std::string in;
  bool told_to_continue = false;
  // The request being answered.
  bool answering = false;
  bool closes_after = false;
  Reaction reaction;
  bool begun = false;
  std::string out;
  std::size_t sent = 0;
  bool waits_writable = false;

  bool hung = false;
  bool over = false;  // to be closed as soon as nobody holds a reference
};

}  // namespace

const std::string* ReceivedRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualNames(key, name)) return &value;
  }
  return nullptr;
}

Reaction Reaction::Answer(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers) {
  Reaction reaction;
  reaction.status = status;
  reaction.body = std::move(body);
  reaction.headers = std::move(headers);
  return reaction;
}

Reaction Reaction::Delayed(Milliseconds delay, int status) {
  Reaction reaction = Answer(status);
  reaction.delay = delay;
  return reaction;
}

Reaction Reaction::NeverAnswer() {
  Reaction reaction = Garbage("");
  reaction.then = Then::kHang;
  return reaction;
}

Reaction Reaction::CloseUnanswered() { return Garbage(""); }

Reaction Reaction::ResetUnanswered() {
  Reaction reaction = Garbage("");
  reaction.then = Then::kReset;
  return reaction;
}

Reaction Reaction::Garbage(std::string bytes) {
  Reaction reaction;
  reaction.raw = std::move(bytes);
  reaction.then = Then::kClose;
  return reaction;
}

Reaction Reaction::ByteByByte(Milliseconds interval, int status) {
  Reaction reaction = Answer(status);
  reaction.byte_interval = interval;
  return reaction;
}

Reaction Reaction::Endless() {
  Reaction reaction;
  reaction.endless = true;
  return reaction;
}

// ---- the receiver ---------------------------------------------------------------------------------------------------

class WebhookReceiver::Impl {
 public:
  explicit Impl(const WebhookReceiverOptions& options)
      : reservation_(options.ipv6 ? std::vector<int>{AF_INET, AF_INET6} : std::vector<int>{AF_INET}),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        buffer_(kPiece, '\0') {
    if (epoll_.get() < 0 || wake_.get() < 0) ThrowErrno("cannot create epoll");
    Watch(EPOLL_CTL_ADD, wake_, kWake, EPOLLIN);
    Open();
    thread_ = std::thread([this] { Run(); });
  }

  ~Impl() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    Wake();
    thread_.join();
  }

  std::uint16_t port() const { return reservation_.port(); }

  void SetUp(bool up) {
    std::unique_lock lock(mutex_);
    wanted_up_ = up;
    Wake();
    changed_.wait(lock, [&] { return is_up_ == wanted_up_; });
  }

  void On(const std::string& path, React react) {
    std::lock_guard lock(mutex_);
    reacts_[path] = std::make_shared<React>(std::move(react));
  }

  void OnAnyOther(React react) {
    std::lock_guard lock(mutex_);
    any_other_ = std::make_shared<React>(std::move(react));
  }

  Requests Received() const {
    std::lock_guard lock(mutex_);
    return received_;
  }

  std::size_t count() const {
    std::lock_guard lock(mutex_);
    return received_.size();
  }

  void Clear() {
    std::lock_guard lock(mutex_);
    received_.clear();
  }

  bool WaitFor(const std::function<bool(const Requests&)>& predicate, Milliseconds timeout) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [&] { return predicate(received_); });
  }

  bool WaitForOpen(std::size_t count, Milliseconds timeout) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [&] { return open_ == count; });
  }

  std::size_t accepted() const {
    std::lock_guard lock(mutex_);
    return accepted_;
  }

  std::size_t open() const {
    std::lock_guard lock(mutex_);
    return open_;
  }

 private:
  // Whose event it is: a connection's number, or one of these.
  static constexpr std::uint64_t kWake = 0;
  static constexpr std::uint64_t kFirstListener = std::numeric_limits<std::uint64_t>::max() - 8;

  void Watch(int what, const Fd& fd, std::uint64_t whose, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = whose;
    if (::epoll_ctl(epoll_.get(), what, fd.get(), &event) < 0) ThrowErrno("epoll_ctl");
  }

  void Wake() const {
    const std::uint64_t one = 1;
    // Full means that it is awake anyway.
    if (::write(wake_.get(), &one, sizeof one) < 0) return;
  }

  // ---- the thread ----

  void Run() {
    constexpr int kBatch = 256;
    epoll_event events[kBatch];
    while (ObeyCallers()) {
      const int count = ::epoll_wait(epoll_.get(), events, kBatch, TimeToNextTimer());
      for (int i = 0; i < count; ++i) OnEvent(events[i].data.u64, events[i].events);
      RunTimers();
    }
  }

  // False: it is time to go.
  bool ObeyCallers() {
    std::lock_guard lock(mutex_);
    if (stopping_) return false;
    if (is_up_ == wanted_up_) return true;
    if (wanted_up_) {
      Open();
    } else {
      listeners_.clear();
      connections_.clear();
      open_ = 0;
      is_up_ = false;
    }
    changed_.notify_all();
    return true;
  }

  void Open() {
    listeners_ = reservation_.Listen();
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      Watch(EPOLL_CTL_ADD, listeners_[i], kFirstListener + i, EPOLLIN);
    }
    is_up_ = true;
  }

  void OnEvent(std::uint64_t whose, std::uint32_t events) {
    if (whose == kWake) {
      std::uint64_t ignored = 0;
      if (::read(wake_.get(), &ignored, sizeof ignored) < 0) return;
    } else if (whose >= kFirstListener) {
      Accept(listeners_[whose - kFirstListener]);
    } else if (const auto found = connections_.find(whose); found != connections_.end()) {
      Connection& connection = found->second;
      if ((events & EPOLLOUT) != 0) OnWritable(connection);
      if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) Read(connection);
      Settle(connection);
    }
  }

  void Accept(const Fd& listener) {
    for (;;) {
      const int fd = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      std::lock_guard lock(mutex_);
      const std::size_t number = ++accepted_;
      ++open_;
      const Connection& connection = connections_.try_emplace(number, fd, number).first->second;
      Watch(EPOLL_CTL_ADD, connection.fd, number, EPOLLIN);
      changed_.notify_all();
    }
  }

  // Does what can be done with what came; the last step of everything that happens to a connection.
  void Settle(Connection& connection) {
    while (!connection.over && !connection.answering) {
      if (!TakeNext(connection)) break;
    }
    if (!connection.over) return;
    std::lock_guard lock(mutex_);
    connections_.erase(connection.number);
    --open_;
    changed_.notify_all();
  }

  // One piece; what is left makes another event.
  void Read(Connection& connection) {
    const ssize_t n = ::recv(connection.fd.get(), buffer_.data(), buffer_.size(), 0);
    if (n > 0) {
      connection.in.append(buffer_, 0, static_cast<std::size_t>(n));
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      connection.over = true;
    }
  }

  // False: there is no complete request.
  bool TakeNext(Connection& connection) {
    if (connection.hung) {
      connection.in.clear();
      return false;
    }
    Head head;
    switch (TakeRequest(&connection.in, &head)) {
      case Taken::kNothingYet:
        if (head.expects_continue) TellToContinue(connection);
        return false;
      case Taken::kMalformed:
        RefuseMalformed(connection);
        return true;
      case Taken::kRequest:
        break;
    }
    head.request.at = SteadyClock::now();
    head.request.connection = connection.number;
    connection.told_to_continue = false;
    connection.closes_after = head.closes;
    Start(connection, ReactTo(head.request));
    return true;
  }

  void TellToContinue(Connection& connection) {
    if (std::exchange(connection.told_to_continue, true)) return;
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (::send(connection.fd.get(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL) < 0) connection.over = true;
  }

  void RefuseMalformed(Connection& connection) {
    Reaction refusal = Reaction::Answer(400);
    refusal.then = Reaction::Then::kClose;
    Start(connection, std::move(refusal));
  }

  // Records it as well.
  Reaction ReactTo(ReceivedRequest& request) {
    const std::shared_ptr<React> react = ReactFor(request.path);
    Reaction reaction = react ? (*react)(request) : Reaction{};
    std::lock_guard lock(mutex_);
    received_.push_back(std::move(request));
    changed_.notify_all();
    return reaction;
  }

  std::shared_ptr<React> ReactFor(const std::string& path) const {
    std::lock_guard lock(mutex_);
    const auto found = reacts_.find(path.substr(0, path.find('?')));
    return found == reacts_.end() ? any_other_ : found->second;
  }

  void Start(Connection& connection, Reaction reaction) {
    connection.answering = true;
    connection.begun = false;
    connection.reaction = std::move(reaction);
    if (connection.reaction.delay.count() > 0) {
      timers_.emplace(SteadyClock::now() + connection.reaction.delay, connection.number);
    } else {
      Continue(connection);
    }
  }

  // Sends what may be sent now.
  void Continue(Connection& connection) {
    if (!connection.begun) {
      connection.begun = true;
      connection.out = Render(connection.reaction);
      connection.sent = 0;
    }
    const bool paced = connection.reaction.byte_interval.count() > 0;
    while (SendMore(connection, paced ? 1 : std::string::npos)) {
      if (connection.sent == connection.out.size()) {
        if (!connection.reaction.endless) return Finish(connection);
        connection.out = Repeat(connection.reaction.body);
        connection.sent = 0;
        // The others first, however fast this client reads.
        if (!paced) return WaitWritable(connection, true);
      }
      if (paced) {
        timers_.emplace(SteadyClock::now() + connection.reaction.byte_interval, connection.number);
        return;
      }
    }
  }

  // False: nothing can be sent now.
  bool SendMore(Connection& connection, std::size_t most) {
    const std::string_view rest = std::string_view(connection.out).substr(connection.sent, most);
    if (rest.empty()) return true;
    const ssize_t n = ::send(connection.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      connection.sent += static_cast<std::size_t>(n);
      return true;
    }
    if (errno == EAGAIN) {
      WaitWritable(connection, true);
    } else {
      connection.over = true;
    }
    return false;
  }

  void WaitWritable(Connection& connection, bool wait) const {
    if (connection.waits_writable == wait) return;
    connection.waits_writable = wait;
    Watch(EPOLL_CTL_MOD, connection.fd, connection.number, wait ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  void OnWritable(Connection& connection) {
    WaitWritable(connection, false);
    if (connection.answering) Continue(connection);
  }

  void Finish(Connection& connection) {
    connection.answering = false;
    switch (connection.reaction.then) {
      case Reaction::Then::kKeep:
        connection.over = connection.closes_after;
        break;
      case Reaction::Then::kReset: {
        const linger at_once{1, 0};
        ::setsockopt(connection.fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        connection.over = true;
        break;
      }
      case Reaction::Then::kClose:
        connection.over = true;
        break;
      case Reaction::Then::kHang:
        connection.hung = true;
        break;
    }
  }

  // ---- timers: the next byte of a connection; one at a time for each ----

  int TimeToNextTimer() const {
    if (timers_.empty()) return -1;
    const auto left = std::chrono::ceil<Milliseconds>(timers_.top().first - SteadyClock::now()).count();
    return static_cast<int>(std::clamp<long long>(left, 0, 1 << 30));
  }

  void RunTimers() {
    while (!timers_.empty() && timers_.top().first <= SteadyClock::now()) {
      const std::size_t number = timers_.top().second;
      timers_.pop();
      const auto found = connections_.find(number);
      if (found == connections_.end()) continue;
      Continue(found->second);
      Settle(found->second);
    }
  }

  using Timer = std::pair<TimePoint, std::size_t>;

  const Reservation reservation_;
  const Fd epoll_;
  const Fd wake_;

  // The thread's own.
  std::string buffer_;
  std::vector<Fd> listeners_;
  std::unordered_map<std::size_t, Connection> connections_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool stopping_ = false;
  bool wanted_up_ = true;
  bool is_up_ = false;
  std::map<std::string, std::shared_ptr<React>> reacts_;
  std::shared_ptr<React> any_other_;
  Requests received_;
  std::size_t accepted_ = 0;
  std::size_t open_ = 0;

  std::thread thread_;
};

WebhookReceiver::WebhookReceiver(WebhookReceiverOptions options) : impl_(std::make_unique<Impl>(options)) {}

WebhookReceiver::~WebhookReceiver() = default;

std::uint16_t WebhookReceiver::port() const { return impl_->port(); }

std::string WebhookReceiver::Url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port()) + std::string(path);
}

std::string WebhookReceiver::UrlV6(std::string_view path) const {
  return "http://[::1]:" + std::to_string(port()) + std::string(path);
}

void WebhookReceiver::GoDown() { impl_->SetUp(false); }

void WebhookReceiver::ComeBack() { impl_->SetUp(true); }

void WebhookReceiver::On(const std::string& path, React react) { impl_->On(path, std::move(react)); }

void WebhookReceiver::On(const std::string& path, Reaction reaction) {
  On(path, std::vector<Reaction>{std::move(reaction)});
}

void WebhookReceiver::On(const std::string& path, std::vector<Reaction> reactions) {
  if (reactions.empty()) throw std::invalid_argument("no reaction for " + path);
  impl_->On(path, [reactions = std::move(reactions), next = std::size_t{0}](const ReceivedRequest&) mutable {
    const Reaction& reaction = reactions[next];
    if (next + 1 < reactions.size()) ++next;
    return reaction;
  });
}

void WebhookReceiver::OnAnyOther(React react) { impl_->OnAnyOther(std::move(react)); }

WebhookReceiver::Requests WebhookReceiver::Received() const { return impl_->Received(); }

std::size_t WebhookReceiver::count() const { return impl_->count(); }

void WebhookReceiver::Clear() { impl_->Clear(); }

bool WebhookReceiver::WaitFor(std::size_t count, Milliseconds timeout) const {
  return impl_->WaitFor([count](const Requests& requests) { return requests.size() >= count; }, timeout);
}

bool WebhookReceiver::WaitFor(const std::function<bool(const Requests&)>& predicate, Milliseconds timeout) const {
  return impl_->WaitFor(predicate, timeout);
}

std::size_t WebhookReceiver::accepted_connections() const { return impl_->accepted(); }

std::size_t WebhookReceiver::open_connections() const { return impl_->open(); }

bool WebhookReceiver::WaitForOpenConnections(std::size_t count, Milliseconds timeout) const {
  return impl_->WaitForOpen(count, timeout);
}

}  // namespace multihub::support
