// Requests signed and serialised before the clock runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace multihub::bench {

class RequestPool {
 public:
  // `secret` signs the requests and is what answers are checked against. With `reusable` the pool starts over at its
  // end; without, each request is sent once.
  RequestPool(std::int64_t application_id, std::string secret, bool reusable);

  // One POST to the API path. `marker` is the text an answer must hold to be the answer to this request; empty: any.
  void Add(std::string_view body, std::string_view marker);
  void Reserve(std::size_t requests, std::size_t bytes_each);

  std::size_t size() const { return entries_.size(); }
  bool reusable() const { return reusable_; }
  const std::string& secret() const { return secret_; }
  // Bytes on the wire, and marker, of the index-th request; valid until the next Add.
  std::string_view Bytes(std::size_t index) const;
  std::string_view Marker(std::size_t index) const;

 private:
  struct Entry {
    std::size_t begin;
    std::uint32_t size;
    std::uint32_t marker_size;  // the marker follows the bytes
  };

  std::int64_t application_id_;
  std::string secret_;
  bool reusable_;
  std::string storage_;
  std::vector<Entry> entries_;
};

}  // namespace multihub::bench
