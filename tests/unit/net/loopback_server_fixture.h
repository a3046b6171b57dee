// What the tests of outgoing calls share: a server on loopback that does with each connection what the test says, and a
// watch over every connection this process opens.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace multihub::testing {

// One accepted connection, on its own thread. It is closed when the handler returns. The end of the server shuts it, so
// that a handler that reads, sends or waits for a close comes back.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}

  // The next request, head and body as they came. nullopt: the other side closed, or the server is going down.
  std::optional<std::string> ReadRequest();
  // False: the other side closed.
  bool Send(std::string_view bytes);
  // Each byte in a packet of its own.
  bool SendByteByByte(std::string_view bytes);
  // Until the other side closes. False when it has not within `timeout_ms`.
  bool WaitForClose(int timeout_ms = -1);
  // The address the other side connected to.
  std::string LocalAddress() const;

 private:
  bool ReadMore();

  int fd_;
  std::string unread_;
};

class LoopbackServer {
 public:
  using Handler = std::function<void(Peer&)>;

  // Listens on `address` at a free port.
  explicit LoopbackServer(Handler handler, const std::string& address = "127.0.0.1");
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::uint16_t port() const { return port_; }
  // "http://<host>:<port>/hook"
  std::string Url(const std::string& host = "127.0.0.1") const;
  // Connections until now; each stands in for one that was opened, since the listening socket takes them all.
  int accepted() const;

 private:
  void Accept();

  const Handler handler_;
  int listening_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::list<std::thread> threads_;
  std::list<int> open_;
  int accepted_ = 0;
  bool stopping_ = false;
  std::thread acceptor_;
};

// "HTTP/1.1 200 OK", then the headers ("A: b\r\n" each), a Content-Length and the body.
std::string Answer(int status, const std::string& body = "", const std::string& headers = "");
// Answers every request of a connection alike.
LoopbackServer::Handler Answering(const std::string& answer);

// Every connect() of this process passes here while one of these lives (at most one at a time). What would leave the
// machine fails as unreachable.
class ConnectWatch {
 public:
  ConnectWatch();
  ~ConnectWatch();
  ConnectWatch(const ConnectWatch&) = delete;
  ConnectWatch& operator=(const ConnectWatch&) = delete;

  // "127.0.0.1:8080" and "[::1]:8080", in order.
  std::vector<std::string> Connects() const;
};

}  // namespace multihub::testing
