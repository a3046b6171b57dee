#include "bench/request_pool.h"

#include "support/gateway_process.h"
#include "support/signed_client.h"

namespace multihub::bench {

RequestPool::RequestPool(std::vector<Caller> callers, bool reusable)
    : callers_(std::move(callers)), reusable_(reusable) {}

void RequestPool::Reserve(std::size_t requests, std::size_t bytes_each) {
  entries_.reserve(requests);
  storage_.reserve(requests * bytes_each);
}

void RequestPool::Add(std::string_view body, std::string_view marker, std::size_t caller) {
  const Caller& signer = callers_.at(caller);
  const std::string bytes = support::HttpRequest("POST", support::kApiPath,
                                                 {{"Content-Type", "application/json"},
                                                  {"X-Data-Application-Id", std::to_string(signer.application_id)},
                                                  {"X-Data-Hash", support::Sign(body, signer.secret)}},
                                                 body);
  entries_.push_back({storage_.size(), static_cast<std::uint32_t>(bytes.size()),
                      static_cast<std::uint32_t>(marker.size()), static_cast<std::uint32_t>(caller)});
  storage_.append(bytes).append(marker);
}

std::string_view RequestPool::Bytes(std::size_t index) const {
  const Entry& entry = entries_[index];
  return std::string_view(storage_).substr(entry.begin, entry.size);
}

std::string_view RequestPool::Marker(std::size_t index) const {
  const Entry& entry = entries_[index];
  return std::string_view(storage_).substr(entry.begin + entry.size, entry.marker_size);
}

}  // namespace multihub::bench
