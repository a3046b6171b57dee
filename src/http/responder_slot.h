// The connection's side of a Responder.
#pragma once

#include <cstdint>
#include <memory>

#include "multihub/http/front.h"

namespace multihub::http {

class Connection;

class Responder::Slot {
 public:
  Slot(std::shared_ptr<Connection> connection, std::uint64_t sequence)
      : connection_(std::move(connection)), sequence_(sequence) {}

  void Answer(Response response);
  void Abandon();

 private:
  const std::shared_ptr<Connection> connection_;
  const std::uint64_t sequence_;
};

}  // namespace multihub::http
