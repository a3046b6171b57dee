// What must be true of the database, worked out anew from what was committed: a second, simple gateway in memory that
// knows nothing of the first one's code. It is told of every unit that was really committed (Apply and the notes
// below), and compares what the database then holds with what it expects.
//
// Whatever does not fit throws Violation.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/net/http_client.h"
#include "multihub/storage/ledger_store.h"
#include "multihub/storage/session.h"
#include "multihub/storage/webhook_store.h"
#include "payments/jobs.h"

namespace multihub::simulation {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ModelEndpoint {
  std::int64_t application = 0;
  std::string url;
  bool configured = true;
  bool enabled = true;
  std::set<std::string> events;  // empty: the default subscription; "*": all
  std::int64_t max_attempts = 12;
  std::int64_t last_off_ms = -1;  // when it was last switched off or deleted
};

struct ModelDelivery {
  std::string id, endpoint_id, url, h_id;
  std::int64_t version = 0, created_ms = 0, expires_ms = 0, max_attempts = 0;
  // As last seen in the database.
  std::string state = "pending";
  std::int64_t attempts = 0, finished_ms = 0;
  // What the receiver knows of it.
  std::int64_t started = 0;
  bool taken = false, gone = false;
  std::string sender;  // of its last attempt, which ends at sending_until_ms
  std::int64_t sending_until_ms = 0;
};

struct ModelEvent {
  std::string id, name;
  std::int64_t created_ms = 0;
  std::size_t body_hash = 0;
  bool seen = false;
};

struct ModelPayment {
  std::int64_t application = 0, amount = 0, fee = 0, created_ms = 0;
  bool deposit = true;
  std::string currency, c_id, status = "created", p_id, utr, own_url, own_events;
  std::int64_t version = 1;
  std::set<std::string> entries;                                     // kinds of ledger entries it has
  std::map<std::int64_t, ModelEvent> events;                         // by version; without those that were pruned
  std::vector<std::pair<std::int64_t, std::string>> wanted;          // (version, URL) of deliveries not seen yet
  std::map<std::string, std::shared_ptr<ModelDelivery>> deliveries;  // by id
  std::optional<std::pair<std::int64_t, std::int64_t>> task;         // (due_ms, asks)

  bool is_final() const { return status != "created" && status != "processing"; }
};

// A route's fee: `fixed` and `bps` hundredths of a percent, rounded half up; of a deposit no more than the amount.
struct ModelFee {
  std::int64_t fixed = 0, bps = 0;
};

class Model {
 public:
  // `fees`: by service_id.
  Model(const base::Clock& clock, std::map<std::int64_t, ModelFee> fees) : clock_(clock), fees_(std::move(fees)) {}

  // ---- what was committed ----

  // In the order the jobs were submitted; compares each job's outcome with what it must be.
  void Apply(std::span<payments::Job* const> jobs);
  void ChangeBalance(const payments::BalanceChange& change, bool repeated, bool refused);
  void SetBalanceEnabled(std::int64_t application, const std::string& currency, bool enabled);
  void PutEndpoint(const std::string& id, ModelEndpoint endpoint);
  void SwitchEndpoint(const std::string& id, bool enabled);
  void DeleteEndpoint(const std::string& id);
  void Pruned(std::int64_t before_ms);

  // ---- what was answered ----

  // A success answer: from now on the payment is there, no older than this.
  void Acknowledge(const domain::Payment& payment);
  // A refusal or "not stored": there is no such payment.
  void AcknowledgeNone(const std::string& h_id);
  // A payment as it was read for a merchant, just now.
  void CheckRead(const domain::Payment& payment) const;

  // ---- what receivers see ----

  // An attempt of the process `owner` begins, and this is how it will end.
  void AttemptStarts(storage::Session& session, const storage::ReadyDelivery& delivery, const std::string& owner,
                     const net::OutgoingAnswer& answer);
  void ProcessEnds(const std::string& owner) { ended_processes_.insert(owner); }

  // ---- what the database holds ----

  // These payments with their events, deliveries and tasks.
  void CheckPayments(storage::Session& session, const std::set<std::string>& h_ids);
  // Postings sum to zero, balances are their sums and what the model says; adds up what is new.
  void CheckBooks(storage::Session& session);
  // Deliveries last seen pending, as they are now.
  void CheckPending(storage::Session& session);
  // Everything answered since the last time, and some of what was answered before.
  void CheckAcknowledged(storage::Session& session, base::Random& random);
  // Everything, and that there is nothing else.
  void CheckAll(storage::Session& session);

  // Payments touched by the units since the last call.
  std::set<std::string> TakeTouched() { return std::exchange(touched_, {}); }
  void Touch(const std::string& h_id) { touched_.insert(h_id); }

  std::size_t pending_deliveries() const { return pending_.size(); }
  std::size_t open_payments() const { return open_.size(); }
  std::size_t payments() const { return payments_.size(); }
  bool IsOpen(const std::string& h_id) const { return open_.contains(h_id); }
  bool IsDeposit(const std::string& h_id) const { return payments_.at(h_id).deposit; }
  bool IsCommitted(const std::string& h_id) const { return payments_.contains(h_id); }
  const std::map<std::string, ModelEndpoint>& endpoints() const { return endpoints_; }
  // Of everything the database was seen to hold, in order: equal for equal runs.
  std::uint64_t fingerprint() const { return fingerprint_; }

  struct Counters {
    std::int64_t events = 0, deliveries = 0, delivered = 0, failed = 0, resent = 0, kept = 0, acknowledged = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  using BalanceKey = std::pair<std::int64_t, std::string>;
  struct Balance {
    bool enabled = true;
    std::int64_t value = 0, freezing = 0, blocking = 0;
    bool operator==(const Balance&) const = default;
  };
  struct Books {
    std::int64_t seq = 0;
    std::map<std::string, std::int64_t> accounts;
  };
  class Applying;
  friend class Applying;

  void Report(const payments::ReportJob& job);
  void Accept(const payments::AcceptJob& job);
  void Notify(const payments::NotifyJob& job);
  void Claim(const payments::ClaimJob& job);
  void Move(const std::string& h_id, ModelPayment* payment, const std::string& status);
  void TakeIdentifiers(const providers::Report& report, ModelPayment* payment);
  std::optional<Balance> AfterEnd(const ModelPayment& payment, const std::string& status) const;
  static bool IsHeldBackByLimit(const payments::ReportJob& job, const Balance& after);
  void AddEvent(const std::string& h_id, ModelPayment* payment);
  std::vector<std::string> Wanting(const ModelPayment& payment, const std::string& event, bool whatever) const;
  std::string RefusalOf(const payments::AcceptJob& job, const ModelPayment& payment) const;

  void CheckPaymentRows(storage::Session& session, const std::vector<std::string>& ids);
  void CheckEventRows(storage::Session& session, const std::vector<std::string>& ids);
  void CheckDeliveryRows(storage::Session& session, const std::vector<std::string>& ids);
  void CheckTaskRows(storage::Session& session, const std::vector<std::string>& ids);
  void CheckEntriesOf(const std::string& h_id, const ModelPayment& payment) const;
  void SeeDelivery(const storage::DeliveryRow& row);
  std::shared_ptr<ModelDelivery> NewDelivery(const storage::DeliveryRow& row, ModelPayment* payment);
  void CheckEnd(const ModelDelivery& delivery, const storage::DeliveryRow& row) const;
  ModelPayment& PaymentOf(const std::string& h_id);
  void Fingerprint(const std::string& text);
  static const ModelDelivery* Overtaken(const ModelPayment& payment, const ModelDelivery& by);
  void CheckAnswer(const domain::Payment& payment) const;
  std::int64_t FeeOf(const payments::AcceptJob& job) const;

  const base::Clock& clock_;
  const std::map<std::int64_t, ModelFee> fees_;
  std::map<std::string, ModelPayment> payments_;
  std::set<std::string> open_;  // payments without a final word
  std::map<std::pair<std::int64_t, std::string>, std::string> client_ids_;
  std::map<BalanceKey, Balance> balances_;
  std::map<BalanceKey, Books> books_;
  std::map<std::tuple<std::int64_t, std::string, std::string>, std::string> references_;  // -> currency
  std::map<std::string, ModelEndpoint> endpoints_;
  std::map<std::string, std::shared_ptr<ModelDelivery>> pending_;
  std::set<std::string> ended_processes_;
  std::map<std::string, std::int64_t> new_answers_;  // h_id -> version answered
  std::vector<std::pair<std::string, std::int64_t>> answers_;
  std::set<std::string> touched_;
  std::int64_t pruned_before_ms_ = 0;
  std::uint64_t fingerprint_ = 14695981039346656037u;
  Counters counters_;
};

}  // namespace multihub::simulation
