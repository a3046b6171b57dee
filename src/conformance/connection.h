// One connection to the gateway under test: any bytes out, any bytes in, within a deadline. TCP, or TLS over it.
// The one place of this folder that knows sockets' writing side and OpenSSL.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "multihub/base/result.h"

namespace multihub::conformance {

using Deadline = std::chrono::steady_clock::time_point;

// Where the gateway is: its name is resolved once. Copies share what they hold; any thread.
class Target {
 public:
  // `host` a name or an address without brackets. The error is a part of a sentence.
  static base::Result<Target, std::string> Resolve(const std::string& host, std::uint16_t port, bool tls,
                                                   const std::string& ca_file);

  // Every address it stands for is one of this machine's loopback.
  bool IsLoopback() const;

 private:
  friend class Connection;
  struct State;
  std::shared_ptr<const State> state_;
};

// For one thread. Errors are parts of sentences: "connection refused".
class Connection {
 public:
  static base::Result<Connection, std::string> Open(const Target& target, Deadline deadline);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  base::Result<base::Unit, std::string> Send(std::string_view bytes, Deadline deadline);

  enum class End { kMore, kClosed, kReset };
  // Appends what comes next to `*in`, at most 64 KiB; kClosed and kReset append nothing.
  base::Result<End, std::string> Read(std::string* in, Deadline deadline);

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace multihub::conformance
