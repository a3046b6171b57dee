// The runner's own web server: webhooks of the gateway under test arrive here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "multihub/base/result.h"

namespace multihub::conformance {

struct ReceivedWebhook {
  std::string path;                                          // without the query
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
};

// Every request is answered 200 and kept; but of a path that ends with "/first-fails" the first is answered 503. At
// most 64 connections, 64 KiB of headers, 1 MiB of body, 10,000 requests. One thread. Any thread may call the members.
class Listener {
 public:
  // ADDR:PORT, numeric; port 0 is a free one. The error is a part of a sentence.
  static base::Result<std::unique_ptr<Listener>, std::string> Start(const std::string& address);
  ~Listener();

  std::uint16_t port() const;

  // Those that have come for `path`, in their order; waits until `enough` of them says so or the time is over.
  std::vector<ReceivedWebhook> WaitFor(const std::string& path, std::chrono::milliseconds timeout,
                                       const std::function<bool(const std::vector<ReceivedWebhook>&)>& enough);

 private:
  class Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace multihub::conformance
