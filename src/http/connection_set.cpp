#include "http/connection_set.h"

#include <utility>

#include "http/connection.h"

namespace multihub::http {

void ConnectionSet::Add(std::uint64_t id, std::shared_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  connections_.emplace(id, std::move(connection));
}

void ConnectionSet::Remove(std::uint64_t id) {
  std::shared_ptr<Connection> removed;  // destroyed, if it is the last owner, without our lock
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  removed = std::move(found->second);
  connections_.erase(found);
}

std::shared_ptr<Connection> ConnectionSet::Find(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Connection>> ConnectionSet::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (const auto& [id, connection] : connections_) all.push_back(connection);
  return all;
}

std::vector<std::shared_ptr<Connection>> ConnectionSet::WithDeadlineBefore(std::int64_t now_us) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Connection>> due;
  for (const auto& [id, connection] : connections_) {
    if (connection->deadline_us() <= now_us) due.push_back(connection);
  }
  return due;
}

std::size_t ConnectionSet::size() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

}  // namespace multihub::http
