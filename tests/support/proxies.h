// The reverse proxies merchants' operators use, in front of a gateway: they keep connections to it and share them
// between clients.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "support/process.h"
#include "support/temp_dir.h"

namespace multihub::support {

// Paths of PEM files.
struct TlsFiles {
  std::string certificate, key;
};

// A certificate for `host` that vouches for itself, two days valid, made in `dir` by openssl.
TlsFiles MakeSelfSigned(const TempDir& dir, const std::string& host);

// nginx, listening on a free port of 127.0.0.1, with a pool of kept upstream connections; over TLS when it is given the
// files. Throws std::runtime_error with nginx's words when it does not start.
class NginxProxy {
 public:
  explicit NginxProxy(std::uint16_t backend_port, const std::optional<TlsFiles>& tls = std::nullopt);
  std::uint16_t port() const { return port_; }

 private:
  TempDir dir_;
  std::uint16_t port_;
  std::unique_ptr<ChildProcess> process_;
};

// HAProxy with `http-reuse always`: any client's request may go over any idle connection to the backend.
class HaproxyProxy {
 public:
  explicit HaproxyProxy(std::uint16_t backend_port);
  std::uint16_t port() const { return port_; }

 private:
  TempDir dir_;
  std::uint16_t port_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace multihub::support
