// A tiny HTTP server inside the test, with full control over the bytes it answers.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace multihub::support {

struct StandInAnswer {
  std::string bytes;
  bool close = false;  // close after the bytes
  bool reset = false;  // with a reset
};

// One thread per connection. `answer` gets the head and the body (by Content-Length) of each request.
class StandInServer {
 public:
  using Answer = std::function<StandInAnswer(const std::string& head, const std::string& body)>;

  explicit StandInServer(Answer answer) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), length);
    ::listen(listener_, 64);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }

  ~StandInServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_.load(); }

 private:
  void Accept() {
    for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      ++connections_;
      std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd] { Serve(fd); });
    }
  }

  void Serve(int fd) {
    std::string buffer;
    while (ServeOne(fd, &buffer)) {
    }
    std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    ::close(fd);
  }

  bool ServeOne(int fd, std::string* buffer) {
    std::size_t head_end;
    while ((head_end = buffer->find("\r\n\r\n")) == std::string::npos) {
      if (!Receive(fd, buffer)) return false;
    }
    head_end += 4;
    const std::string head = buffer->substr(0, head_end);
    const std::size_t field = head.find("ontent-");
    const std::size_t length_at = head.find("ength: ", field == std::string::npos ? 0 : field);
    const std::size_t length =
        length_at == std::string::npos ? 0 : std::strtoul(head.c_str() + length_at + 7, nullptr, 10);
    while (buffer->size() < head_end + length) {
      if (!Receive(fd, buffer)) return false;
    }
    const StandInAnswer answer = answer_(head, buffer->substr(head_end, length));
    buffer->erase(0, head_end + length);
    std::size_t sent = 0;
    while (sent < answer.bytes.size()) {
      const ssize_t n = ::send(fd, answer.bytes.data() + sent, answer.bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    if (answer.reset) {
      const linger at_once{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    return !answer.close && !answer.reset;
  }

  static bool Receive(int fd, std::string* buffer) {
    char chunk[4096];
    const ssize_t n = ::recv(fd, chunk, sizeof chunk, 0);
    if (n <= 0) return false;
    buffer->append(chunk, static_cast<std::size_t>(n));
    return true;
  }

  Answer answer_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace multihub::support
