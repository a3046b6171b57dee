// The ground the storage suite stands on: a fresh, migrated database of either engine, and payments on top of it with a
// provider that does what the test says.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>

#include "multihub/base/sealing.h"
#include "multihub/payments/engine.h"
#include "multihub/payments/operator.h"
#include "multihub/storage/directory_store.h"
#include "multihub/storage/ledger_store.h"
#include "multihub/storage/migrations.h"
#include "multihub/storage/payment_store.h"
#include "multihub/storage/session.h"
#include "support/mariadb_server.h"
#include "support/temp_dir.h"

namespace multihub::storage_test {

const char* NameOf(storage::Engine engine);

// A new, empty database. SQLite files go with the object.
class FreshDatabase {
 public:
  explicit FreshDatabase(storage::Engine engine, bool migrated = true);
  const storage::Database& database() const { return *database_; }
  const storage::DatabaseUrl& url() const { return database_->url(); }
  std::unique_ptr<storage::Session> Open() const { return database_->Open(); }

 private:
  support::TempDir dir_;
  std::unique_ptr<storage::Database> database_;
};

// Answers as the test sets it; counts its calls.
class ScriptedProvider final : public providers::Provider {
 public:
  const std::string& name() const override { return name_; }
  bool for_test() const override { return true; }
  errors::Outcome<providers::Prepared> Prepare(const domain::Route&, const domain::Payment&) override;
  providers::Report Start(const domain::Payment& payment, std::int64_t) override;
  providers::Report State(const domain::Payment& payment, std::int64_t) override;
  // The body is "<h_id> <state>": "pay_… succeeded".
  base::Result<providers::Callback, std::string> ReadCallback(const providers::CallbackRequest& request) override;

  std::function<providers::Report(const domain::Payment&)> on_start;  // default: not known, which changes nothing
  std::function<providers::Report(const domain::Payment&)> on_state;  // default: pending
  std::atomic<bool> unavailable{false};
  std::atomic<int> starts{0}, states{0};

 private:
  std::string name_ = "scripted";
};

// Application 1 (merchant 7, test) with a deposit and a payout route in MXN, and an engine.
struct PaymentsFixture {
  explicit PaymentsFixture(const storage::Database& database, payments::EngineOptions options = {},
                           payments::DeliveryHooks hooks = {});
  // Another gateway process on the database of `first`: same master key.
  explicit PaymentsFixture(const PaymentsFixture& first);
  ~PaymentsFixture();

  payments::AcceptPayment Deposit(const std::string& c_id, std::int64_t amount) const;
  payments::AcceptPayment Payout(const std::string& c_id, std::int64_t amount) const;
  // Sends it and waits for the answer.
  errors::Outcome<domain::Payment> Accept(payments::AcceptPayment command);
  errors::Outcome<domain::Payment> Find(const std::string& h_id);
  // Waits until the payment is final; fails the test after a minute.
  domain::Payment WaitFinal(const std::string& h_id);
  bool Callback(const std::string& h_id, const std::string& state);
  payments::Operator Operator(storage::Session& session) { return {session, key, clock, random}; }
  void TopUp(std::int64_t amount, const std::string& reference, std::int64_t application = 1);
  payments::LedgerVerdict Verify();
  storage::BalanceRow Balance(std::int64_t application = 1);

  base::SystemClock clock;
  base::SeededRandom random;
  base::MasterKey key;
  domain::Route deposit_route, payout_route;
  ScriptedProvider provider;
  const storage::Database& database;
  std::unique_ptr<payments::Engine> engine;

 private:
  PaymentsFixture(const storage::Database& database, payments::EngineOptions options, payments::DeliveryHooks hooks,
                  base::MasterKey key, std::uint64_t seed);
};

// Scaled by MULTIHUB_SOAK_SCALE: 1 in the ordinary run, 20 for the full counts.
int Scaled(int count);

}  // namespace multihub::storage_test
