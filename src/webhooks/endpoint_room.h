// How much of each endpoint's work this process holds: asked by the lanes when they make deliveries. Thread safe.
#pragma once

#include <map>
#include <mutex>
#include <string>

namespace multihub::webhooks {

class EndpointRoom {
 public:
  explicit EndpointRoom(int usual_limit) : usual_limit_(usual_limit) {}

  // Nothing has room before Open and after Close.
  void Open();
  void Close();

  bool HasRoom(const std::string& endpoint_id) const;
  void Take(const std::string& endpoint_id);
  void Free(const std::string& endpoint_id);
  void SetLimit(const std::string& endpoint_id, int limit);
  // What is known of an endpoint that holds nothing.
  void Forget(const std::string& endpoint_id);

 private:
  struct Room {
    int taken = 0;
    int limit = 0;
  };
  Room& Of(const std::string& endpoint_id);  // under mutex_

  const int usual_limit_;
  mutable std::mutex mutex_;
  bool open_ = false;
  std::map<std::string, Room> rooms_;
};

}  // namespace multihub::webhooks
