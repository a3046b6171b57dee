// One listening address over Pistache: its listener accepts and its reactor polls and reads. Everything else about a
// connection is ours (connection.h); the library's HTTP classes, its writes and its timers are never used.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "http/listen_address.h"

namespace multihub::http {

struct FrontCore;

class Acceptor {
 public:
  explicit Acceptor(std::shared_ptr<FrontCore> core);
  // Ends the library's threads. Sockets still open are let go of (Connection::OnReactorReleased).
  ~Acceptor();

  // Binds and serves on the library's threads. A sentence on failure.
  std::string Start(const ListenAddress& address, int threads);
  std::uint16_t port() const;
  // Gives the port back at once; open connections are served on.
  void StopAccepting();

 private:
  class Library;
  std::shared_ptr<FrontCore> core_;
  std::unique_ptr<Library> library_;
};

}  // namespace multihub::http
