// One outgoing HTTP call, for the operator's commands: to an address the operator chose, on the calling thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "multihub/base/result.h"

namespace multihub::net {

struct HttpCall {
  std::string method = "GET";  // GET or POST
  std::string url;             // http or https; redirects are not followed, proxies of the environment not used
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;                  // POST only
  std::int64_t deadline_ms = 15000;  // from resolving the name to the last byte
  std::size_t max_response_bytes = 16 * 1024 * 1024;
};

struct HttpAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, values trimmed
  std::string body;

  // The first value of a header, given in lower case; empty when there is none.
  std::string Header(const std::string& name) const;
};

// Any thread. The error says why no answer came, as a part of a sentence: "connection refused".
base::Result<HttpAnswer, std::string> Send(const HttpCall& call);

}  // namespace multihub::net
