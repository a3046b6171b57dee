#include "webhooks/endpoint_room.h"

#include "multihub/base/check.h"

namespace multihub::webhooks {

void EndpointRoom::Open() {
  const std::lock_guard<std::mutex> lock(mutex_);
  open_ = true;
}

void EndpointRoom::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  open_ = false;
}

bool EndpointRoom::HasRoom(const std::string& endpoint_id) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!open_) return false;
  const auto found = rooms_.find(endpoint_id);
  return found == rooms_.end() || found->second.taken < found->second.limit;
}

void EndpointRoom::Take(const std::string& endpoint_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++Of(endpoint_id).taken;
}

void EndpointRoom::Free(const std::string& endpoint_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Room& room = Of(endpoint_id);
  MULTIHUB_CHECK(room.taken > 0);
  --room.taken;
}

void EndpointRoom::SetLimit(const std::string& endpoint_id, int limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Of(endpoint_id).limit = limit;
}

void EndpointRoom::Forget(const std::string& endpoint_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = rooms_.find(endpoint_id);
  if (found != rooms_.end() && found->second.taken == 0) rooms_.erase(found);
}

EndpointRoom::Room& EndpointRoom::Of(const std::string& endpoint_id) {
  return rooms_.try_emplace(endpoint_id, Room{0, usual_limit_}).first->second;
}

}  // namespace multihub::webhooks
