// The HTTP front: listener, connections and framing. Pistache accepts and polls; everything on a connection is ours
// (see docs/architecture.md, "What the listener library may and may not be trusted with").
//
// A Front takes HTTP/1.x requests off sockets, hands each complete one to a RequestHandler, and writes the answers
// in the order of the requests of their connection. It knows nothing of what the requests mean. The gateway, the ops
// port and the bare front of the benchmark are three handlers on the same code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "multihub/base/ip_address.h"
#include "multihub/observability/metrics.h"

namespace multihub::http {

// How many descriptors the process may have: its soft limit is raised to the hard one. Connections are admitted by it.
std::size_t RaisedDescriptorLimit();

// One framed request. Header values are trimmed of outer spaces and tabs. A field the handler did not ask for
// (FrontOptions::headers) is dropped.
struct Request {
  std::string verb;  // as sent: "POST"
  std::string path;  // request target without the query string, as sent (no percent decoding)
  std::vector<std::optional<std::string>> headers;  // parallel to FrontOptions::headers; nullopt: not sent
  std::string body;                                 // complete, de-chunked; empty when body_too_large
  bool body_too_large = false;  // over max_body_bytes: the handler answers from the headers; then the connection closes
  // Whose call it is: the peer's address, or what a trusted proxy says (FrontOptions::trusted_proxies). Numeric,
  // without port; an IPv4 client of a dual-stack socket is dotted IPv4.
  std::string client_address;
  std::int64_t received_us = 0;  // base::Clock::MonotonicUs() when the first byte of the request was read
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string_view, std::string>> headers;  // names are literals; Content-Length, Connection,
                                                                  // Date are the front's
  std::string content_type = "application/json";
  std::string body;
  bool close = false;  // close the connection after this answer
};

// Why a request could not be framed. Every case is answered by the handler's RefuseFraming and closes.
enum class FramingFault { kMalformed, kHeaderTooLarge, kRepeatedHeader, kUnsupportedTransferCoding, kTimeout };

// The right to answer one request: movable, used exactly once, from any thread, also after the client or the front has
// gone (then it does nothing). Dropped without Send, the connection is closed once the answers before it are sent: the
// client is never left waiting.
class Responder {
 public:
  class Slot;  // the connection's side
  Responder() = default;
  explicit Responder(std::shared_ptr<Slot> slot) : slot_(std::move(slot)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) noexcept;
  ~Responder();
  void Send(Response response);

 private:
  std::shared_ptr<Slot> slot_;
};

class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  // Called on a reactor thread (or, when a connection that had read too far ahead goes on, on another thread of the
  // front): must not wait for anything. Answers now or later, from any thread. An exception out of it closes the
  // connection.
  virtual void Handle(Request request, Responder responder) = 0;
  // The answer to bytes that are no acceptable request. Called on a reactor or timer thread.
  virtual Response RefuseFraming(FramingFault fault) = 0;
  // The answer over the in-flight cap. Called on a reactor thread.
  virtual Response RefuseOverload() = 0;
};

// Which fields of a trusted proxy tell the client's address; with kEither Forwarded counts where both are sent.
enum class ForwardedField { kEither, kForwarded, kXForwardedFor };

struct FrontOptions {
  std::vector<std::string> listen = {"127.0.0.1:8080"};  // "ADDR:PORT", "[V6]:PORT"; "[::]:P" takes both families
  std::vector<std::string> headers;                      // request header fields the handler wants, lower case
  std::vector<std::string> unrepeatable;  // header fields (lower case) that make a request unacceptable when sent twice
  std::vector<base::Cidr> trusted_proxies;  // peers that are believed when they name another client; by default none
  ForwardedField forwarded_field = ForwardedField::kEither;
  int threads = 1;                          // reactor threads
  std::size_t max_header_bytes = 8 * 1024;  // request line and header block
  std::size_t max_headers = 100;
  std::size_t max_body_bytes = 64 * 1024;
  std::size_t max_connections = 10000;         // further ones are closed at once; a connection takes two descriptors
                                               // and the cap is lowered to what RLIMIT_NOFILE has room for
  std::size_t other_descriptors = 0;           // that the rest of the process may need at a time: left out of that room
  std::size_t max_in_flight = 4096;            // requests handed out and not yet answered, all connections together
  std::size_t max_pipelined = 64;              // requests of one connection read ahead of their answers
  std::size_t max_output_bytes = 1024 * 1024;  // unsent answers of one connection; over it the peer is dropped
  std::int64_t header_timeout_ms = 10000;      // from a request's first byte to its last header byte
  std::int64_t body_timeout_ms = 20000;        // from the last header byte to the last body byte
  std::int64_t idle_timeout_ms = 75000;        // between requests on a kept connection
  std::int64_t write_timeout_ms = 20000;       // an answer not taken by the peer for this long drops it
};

class Front {
 public:
  // Throws nothing; a bad option or an address that cannot be bound is reported by Start.
  Front(FrontOptions options, std::shared_ptr<RequestHandler> handler);
  ~Front();  // Stop(0)

  // Raises the process's soft RLIMIT_NOFILE to the hard one, binds, and serves on its own threads. Returns an English
  // sentence on failure, empty on success.
  std::string Start();
  // The ports bound, in the order of FrontOptions::listen (port 0 has become a real one).
  std::vector<std::uint16_t> ports() const;

  // Stops accepting, closes idle connections, answers what was admitted (requests already framed), with
  // `Connection: close`, and returns when all is answered and sent or `drain_ms` have passed. Returns true when
  // nothing admitted was left unanswered. The ports are free as soon as it begins. Afterwards the handler is let go of
  // and never called again. Safe to call twice; not from a handler.
  bool Stop(std::int64_t drain_ms);

  struct Counters {
    std::uint64_t accepted = 0, requests = 0, framing_faults = 0, overloads = 0, dropped_slow = 0;
    std::size_t open = 0, in_flight = 0;
  };
  Counters counters() const;
  void Collect(observability::MetricsPage* page) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multihub::http
