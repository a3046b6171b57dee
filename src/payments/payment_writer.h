// Writes a batch of jobs in one transaction, with a handful of statements whatever the batch's size.
//
// Order, always the same, so that no two batches wait for each other in a ring: payment rows (compare-and-set), then
// balance rows in (application, currency) order, then inserts, last the balances' new heads. Accepting a deposit
// touches no balance row.
#pragma once

#include <span>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/payments/delivery_hooks.h"
#include "multihub/storage/commit_lane.h"
#include "multihub/storage/ledger_store.h"

namespace multihub::payments {

class PaymentWriter final : public storage::BatchWriter {
 public:
  // `clock` gives database time. References outlive the writer. Thread safe (every lane uses the same one).
  PaymentWriter(const base::MasterKey& key, const base::Clock& clock, base::Random& random, DeliveryHooks hooks = {});

  // Every job must be a payments::Job.
  void Write(storage::Session& session, std::span<storage::LaneJob* const> jobs) override;

  const storage::LedgerChain& chain() const { return chain_; }
  const base::Clock& clock() const { return clock_; }
  base::Random& random() const { return random_; }
  const DeliveryHooks& hooks() const { return hooks_; }

 private:
  storage::LedgerChain chain_;
  const base::Clock& clock_;
  base::Random& random_;
  const DeliveryHooks hooks_;
};

}  // namespace multihub::payments
