// The operator's door to payments and balances, as commands open it.
#pragma once

#include <memory>
#include <optional>

#include "cli/context.h"
#include "cli/database_clock.h"
#include "multihub/base/sealing.h"
#include "multihub/payments/operator.h"

namespace multihub::cli {

class OperatorDoor {
 public:
  // kReadOnly does without the master key; such a door may only show things.
  enum class Access { kReadOnly, kFull };
  OperatorDoor(Context* context, Access access);

  payments::Operator* operator->() { return &*door_; }
  storage::Session& session() { return *session_; }

 private:
  std::unique_ptr<storage::Session> session_;
  DatabaseClock clock_;
  base::MasterKey key_;
  std::optional<payments::Operator> door_;
};

}  // namespace multihub::cli
