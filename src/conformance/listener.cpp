#include "conformance/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "conformance/answer.h"

namespace multihub::conformance {
namespace {

constexpr std::size_t kMaxConnections = 64;
constexpr std::size_t kMaxRequests = 10'000;
constexpr std::size_t kMaxBuffered = ResponseReader::kMaxHeadBytes + ResponseReader::kMaxBodyBytes;

struct Request {
  std::string path;
  HttpResponse message;
};

enum class Progress { kMore, kDone, kBroken };

// A request differs from a response in its first line, and in having no body when none is announced: it is read by the
// same reader after these two were put right.
Progress ReadRequest(const std::string& bytes, Request* request) {
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string::npos) {
    return bytes.size() > ResponseReader::kMaxHeadBytes ? Progress::kBroken : Progress::kMore;
  }
  const std::size_t line_end = bytes.find("\r\n");
  const std::size_t path_begin = bytes.find(' ') + 1;
  const std::size_t path_end = bytes.find_first_of(" ?", path_begin);
  if (!bytes.starts_with("POST ") || path_end > line_end) return Progress::kBroken;
  request->path = bytes.substr(path_begin, path_end - path_begin);
  ResponseReader reader;
  const std::string head = "HTTP/1.1 200 OK" + bytes.substr(line_end, head_end - line_end);
  // Of two lengths the first one counts: the announced one stands before this.
  reader.Feed(head + "\r\ncontent-length: 0\r\n", false);
  switch (reader.Feed("\r\n" + bytes.substr(head_end + 4), false)) {
    case ResponseReader::State::kMore:
      return Progress::kMore;
    case ResponseReader::State::kBroken:
      return Progress::kBroken;
    case ResponseReader::State::kDone:
      break;
  }
  request->message = reader.Take();
  return Progress::kDone;
}

std::optional<sockaddr_in> ToAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (colon == std::string::npos || ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) {
    return std::nullopt;
  }
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  if (std::from_chars(text.data() + colon + 1, end, port).ptr != end || colon + 1 == text.size()) return std::nullopt;
  address.sin_port = htons(port);
  return address;
}

}  // namespace

class Listener::Impl {
 public:
  Impl(int listening, int wake) : listening_(listening), wake_(wake), thread_([this] { Serve(); }) {}

  ~Impl() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
    thread_.join();
    for (const auto& [fd, bytes] : open_) ::close(fd);
    ::close(listening_);
    ::close(wake_);
  }

  std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  std::vector<ReceivedWebhook> WaitFor(const std::string& path, std::chrono::milliseconds timeout,
                                       const std::function<bool(const std::vector<ReceivedWebhook>&)>& enough) {
    const auto until = std::chrono::steady_clock::now() + timeout;
    std::unique_lock lock(mutex_);
    for (;;) {
      std::vector<ReceivedWebhook> found;
      for (const ReceivedWebhook& webhook : received_) {
        if (webhook.path == path) found.push_back(webhook);
      }
      if (enough(found) || arrived_.wait_until(lock, until) == std::cv_status::timeout) return found;
    }
  }

 private:
  void Serve() {
    for (;;) {
      std::vector<pollfd> waiting = {{wake_, POLLIN, 0}, {listening_, POLLIN, 0}};
      for (const auto& [fd, bytes] : open_) waiting.push_back({fd, POLLIN, 0});
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
      if (waiting[0].revents != 0) return;
      if (waiting[1].revents != 0) Accept();
      for (std::size_t i = 2; i < waiting.size(); ++i) {
        if (waiting[i].revents != 0) Receive(waiting[i].fd);
      }
    }
  }

  void Accept() {
    const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (open_.size() >= kMaxConnections) {
      ::close(fd);
      return;
    }
    open_[fd];
  }

  void Receive(int fd) {
    char buffer[16 * 1024];
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return Close(fd);
    std::string& bytes = open_[fd];
    bytes.append(buffer, static_cast<std::size_t>(got));
    Request request;
    const Progress progress = ReadRequest(bytes, &request);
    if (progress == Progress::kMore && bytes.size() <= kMaxBuffered) return;
    if (progress != Progress::kDone) return Close(fd);
    bytes.clear();
    Answer(fd, std::move(request));
  }

  void Answer(int fd, Request request) {
    bool fails = false;
    {
      const std::lock_guard lock(mutex_);
      fails = request.path.ends_with("/first-fails") && ++asked_[request.path] == 1;
      if (received_.size() < kMaxRequests) {
        received_.push_back({request.path, std::move(request.message.headers), std::move(request.message.body)});
      }
    }
    arrived_.notify_all();
    const std::string answer =
        std::string("HTTP/1.1 ") + (fails ? "503 Service Unavailable" : "200 OK") + "\r\nContent-Length: 0\r\n\r\n";
    // So few bytes always fit into an empty buffer; a peer that does not read loses its connection.
    if (::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(answer.size())) Close(fd);
  }

  void Close(int fd) {
    ::close(fd);
    open_.erase(fd);
  }

  const int listening_, wake_;
  std::map<int, std::string> open_;  // bytes not answered yet; of the thread
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<ReceivedWebhook> received_;
  std::map<std::string, int> asked_;
  std::thread thread_;
};

base::Result<std::unique_ptr<Listener>, std::string> Listener::Start(const std::string& address) {
  const std::optional<sockaddr_in> bound = ToAddress(address);
  if (!bound) return base::Fail(address + " is no ADDR:PORT with a numeric IPv4 address");
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&*bound), sizeof *bound) != 0 || ::listen(fd, 128) != 0) {
    const std::string why = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    return base::Fail(address + " cannot be listened on: " + why);
  }
  const int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  MULTIHUB_CHECK(wake >= 0);
  return std::unique_ptr<Listener>(new Listener(std::make_unique<Impl>(fd, wake)));
}

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() = default;

std::uint16_t Listener::port() const { return impl_->port(); }

std::vector<ReceivedWebhook> Listener::WaitFor(const std::string& path, std::chrono::milliseconds timeout,
                                               const std::function<bool(const std::vector<ReceivedWebhook>&)>& enough) {
  return impl_->WaitFor(path, timeout, enough);
}

}  // namespace multihub::conformance
