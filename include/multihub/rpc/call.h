// A call and its reply, free of any HTTP library. The front fills a Call; the gateway answers with a Reply.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace multihub::rpc {

struct Call {
  std::string verb;
  std::string path;
  std::optional<std::string> application_id;  // X-Data-Application-Id
  std::optional<std::string> data_hash;       // X-Data-Hash
  std::optional<std::string> content_type;    // Content-Type
  std::optional<std::string> traceparent;     // of a header sent twice: its values joined by commas
  std::optional<std::string> tracestate;
  std::string body;
  bool body_too_large = false;
  std::string client_address;    // numeric; the caller's own, not a trusted proxy's
  std::int64_t received_us = 0;  // base::Clock::MonotonicUs()
};

struct Reply {
  int http_status = 200;
  std::string body;
  std::string request_id;
  std::string data_hash;                                          // empty: not signed
  std::vector<std::pair<std::string_view, std::string>> headers;  // Retry-After, RateLimit-*
  bool close = false;
};

// Called exactly once, from any thread.
using ReplyTo = std::function<void(Reply)>;

}  // namespace multihub::rpc
