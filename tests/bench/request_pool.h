// Requests signed and serialised before the clock runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace multihub::bench {

// Who signs a request, and by whose secret its answer is checked.
struct Caller {
  std::int64_t application_id = 0;
  std::string secret;
};

class RequestPool {
 public:
  // With `reusable` the pool starts over at its end; without, each request is sent once.
  RequestPool(std::vector<Caller> callers, bool reusable);

  // One POST to the API path, signed by the caller of that index. `marker` is the text an answer must hold to be the
  // answer to this request; empty: any.
  void Add(std::string_view body, std::string_view marker, std::size_t caller = 0);
  void Reserve(std::size_t requests, std::size_t bytes_each);

  std::size_t size() const { return entries_.size(); }
  bool reusable() const { return reusable_; }
  const std::string& SecretOf(std::size_t index) const { return callers_[entries_[index].caller].secret; }
  // Bytes on the wire, and marker, of the index-th request; valid until the next Add.
  std::string_view Bytes(std::size_t index) const;
  std::string_view Marker(std::size_t index) const;

 private:
  struct Entry {
    std::size_t begin;
    std::uint32_t size;
    std::uint32_t marker_size;  // the marker follows the bytes
    std::uint32_t caller;
  };

  std::vector<Caller> callers_;
  bool reusable_;
  std::string storage_;
  std::vector<Entry> entries_;
};

}  // namespace multihub::bench
