// The open connections of a front, by number.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace multihub::http {

class Connection;

// Thread safe. A connection may call it with its own lock held; it never calls into a connection.
class ConnectionSet {
 public:
  void Add(std::uint64_t id, std::shared_ptr<Connection> connection);
  void Remove(std::uint64_t id);
  // Null when it has gone.
  std::shared_ptr<Connection> Find(std::uint64_t id) const;
  std::vector<std::shared_ptr<Connection>> All() const;
  std::vector<std::shared_ptr<Connection>> WithDeadlineBefore(std::int64_t now_us) const;
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections_;
};

}  // namespace multihub::http
