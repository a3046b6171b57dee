// One gateway process, without its threads: the payment writer behind a lane, the reconciler's rounds, the provider's
// workers and the dispatcher's rounds, each a step of Turn(). What decides is the gateway's own code; this only takes
// the place of the threads that carry work from one part to the next.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/webhooks/sender.h"
#include "payments/jobs.h"
#include "payments/payment_writer.h"
#include "simulation/faulty_session_fixture.h"
#include "simulation/gateway_model_fixture.h"
#include "simulation/outside_world_fixture.h"
#include "webhooks/delivery_leases.h"
#include "webhooks/endpoint_room.h"
#include "webhooks/origin_breaker.h"
#include "webhooks/transfer_slots.h"

namespace multihub::simulation {

class GatewayCore;

// What all processes share, and what outlives them.
struct World {
  const storage::Database& database;
  storage::Session& observer;  // looks at the database without accidents
  base::Random& random;
  base::ManualClock& clock;
  const base::MasterKey& key;
  std::vector<domain::Route> routes;
  FaultRates rates;
  Model model;
  OutsideProvider provider;
  Receivers receivers;
  // Lets another process work in the middle of this one's unit, between two runs of it.
  std::function<void(const GatewayCore& except)> interleave;

  struct Known {
    std::string h_id, c_id;
    domain::ApplicationId application;
  };
  std::vector<Known> known;  // payments that merchants remember: the newest few hundred
  std::uint64_t numbers = 1000;
  // `operations`: everything that was asked for: merchants' and the operator's calls, provider's words and claims of
  // its tasks, attempts of webhooks.
  std::int64_t operations = 0, calls = 0, reports = 0, claims = 0, attempts = 0;
  std::int64_t units = 0, reruns = 0, unknown_ends = 0, failed_units = 0, refused = 0;

  bool OneIn(std::uint64_t n) { return random.Below(n) == 0; }
  // Compares what the last units touched.
  void Check();
};

class GatewayCore {
 public:
  // `owner`: its name in leases, never used before.
  GatewayCore(World& world, std::string owner);

  // One round of everything. `calls`: how many merchants' calls come in, at most. May throw ProcessDied.
  void Turn(std::uint64_t calls);
  // Ends as SIGTERM does: runs out its queue and gives its leases back.
  void Stop();

  const std::string& owner() const { return owner_; }
  // Something can be done without waiting for the clock.
  bool busy() const;
  // When the first attempt under way ends.
  std::optional<base::UnixMs> next_end_ms() const;

 private:
  struct Item {
    std::unique_ptr<payments::Job> job;
    std::string h_id;                 // of a new payment
    std::function<void()> committed;  // told to the model, when the commit has happened
  };
  struct ProviderWork {
    domain::Payment payment;
    bool ask = false;
  };
  struct Queue {
    std::deque<storage::ReadyDelivery> waiting;
    int in_flight = 0;
    bool followers = false;
    bool failing = false;
    webhooks::OriginKey key;
  };
  struct Sending {
    storage::ReadyDelivery delivery;
    webhooks::OriginKey key;
    webhooks::SentAttempt sent;
    base::UnixMs ends_ms = 0;
  };
  enum class UnitEnd { kCommitted, kFailed, kUnknown };

  // ---- the lane ----
  void RunLane();
  void RunBatch(std::vector<Item> batch);
  UnitEnd Attempt(const std::vector<Item>& batch, std::string* why);
  void Complete(const std::vector<Item>& batch, UnitEnd end, const std::string& why);
  void Submit(std::unique_ptr<payments::Job> job, std::string h_id = {}, std::function<void()> committed = {});
  void SubmitWork(std::function<void(storage::Session&)> work, std::function<void(bool stored)> done,
                  std::function<void()> committed = {});
  // False, and the connection is opened anew, when it was lost.
  bool Read(const std::function<void(storage::Session&)>& read);
  void MayDie();

  // ---- merchants and the operator ----
  void TakeCall();
  void AcceptPayment();
  void AskStatus();
  void Notify();
  void ChangeBalance();
  void ManageEndpoints();
  void CreateEndpoint(domain::ApplicationId application);
  domain::ApplicationId AnyApplication();

  // ---- the provider ----
  void WorkForProvider();
  void Reported(domain::Payment payment, const providers::Report& report, const char* source,
                std::function<void(bool stored)> done);
  void TakeCallbacks();
  void Reconcile();

  // ---- webhooks ----
  void Take(std::vector<storage::ReadyDelivery> deliveries);
  void Enqueue(storage::ReadyDelivery delivery);
  void Poll();
  void Claim();
  void Send();
  bool SendNext(const std::string& endpoint_id, Queue* queue);
  void HoldBack(const std::string& endpoint_id, Queue* queue, std::int64_t closed_until_us);
  void EndAttempts();
  void End(Sending sending);
  void Record();
  void DropWaiting(const std::string& endpoint_id);

  World& world_;
  const std::string owner_;
  FaultySession session_;
  payments::PaymentWriter writer_;
  std::deque<Item> lane_;
  std::deque<ProviderWork> provider_work_;
  int open_claims_ = 0;

  const webhooks::DeliveryLeases leases_;
  webhooks::EndpointRoom room_;
  webhooks::OriginBreaker breaker_;
  webhooks::TransferSlots slots_;
  std::map<std::string, Queue> queues_;
  std::set<std::string> backlog_;
  std::vector<Sending> in_flight_;
  std::vector<storage::AttemptEnd> ends_;
  std::set<std::string> gone_, followers_of_;
  bool claiming_ = false, recording_ = false;
  base::UnixMs next_poll_ms_ = 0;
};

}  // namespace multihub::simulation
