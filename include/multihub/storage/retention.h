// Removing what is old: finished deliveries with their attempts, events a payment has moved past, nonces that ran out.
// Payments, ledger entries, every payment's latest event and everything a delivery still stands on stay for ever.
#pragma once

#include <cstdint>
#include <optional>

#include "multihub/storage/session.h"

namespace multihub::storage {

struct Pruned {
  std::int64_t deliveries = 0;
  std::int64_t attempts = 0;
  std::int64_t events = 0;
  std::int64_t nonces = 0;
};

// Removes, in small transactions beside a running gateway, the deliveries finished before `before_ms` (database time)
// and the events written before it. A run that is killed has removed a part; the next one goes on. With `dry_run` only
// counts. Throws StorageFailure.
Pruned Prune(Session& session, std::int64_t before_ms, bool dry_run);

// Up to which moment events may have been removed; nullopt: none ever were. `ledger verify` asks for the rest.
std::optional<std::int64_t> EventsPrunedBefore(Session& session);

}  // namespace multihub::storage
