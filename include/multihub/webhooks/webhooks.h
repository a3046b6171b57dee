// What the webhook and event methods of the API ask for.
//
// Every call answers through its callback, exactly once, on a lane's or reader's thread, the HTTP client's for a test,
// or at once on the caller's. Callbacks must be quick and must not throw. A change is durable when its callback runs.
// What the refusals are, management.h and event_history.h say; besides: 1000 (busy) when the lane or the readers are
// full, 2000 when the database fails.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"
#include "multihub/base/sealing.h"
#include "multihub/domain/ids.h"
#include "multihub/errors/refusal.h"
#include "multihub/storage/access.h"
#include "multihub/storage/webhook_store.h"
#include "multihub/webhooks/event_history.h"
#include "multihub/webhooks/management.h"
#include "multihub/webhooks/sender.h"
#include "multihub/webhooks/target_check.h"

namespace multihub::webhooks {

// A call that only looks.
struct LookCall {
  domain::ApplicationId application;
  std::int64_t received_us = 0;
};
// A call that changes something. Its nonce is good once: repeated within kNonceMs it is 1005 (params.nonce), before
// anything else is found wrong. A call that is refused leaves it unused.
struct ChangeCall {
  domain::ApplicationId application;
  domain::MerchantId merchant;
  std::string nonce;
  base::Trace trace = {};  // what it has sent belongs to it
};
// How far `issued_at` may be from now, either way.
inline constexpr std::int64_t kIssuedWithinMs = 300'000;
// As long as a call with that nonce can be told to be fresh, and a second for clocks that differ.
inline constexpr std::int64_t kNonceMs = 2 * kIssuedWithinMs + 1'000;

struct TestedEndpoint {
  storage::EndpointRow row;
  storage::AttemptRow attempt;
};

template <typename T>
using Done = std::function<void(errors::Outcome<T>)>;
using EndpointDone = Done<storage::EndpointRow>;

class WebhookMethods {
 public:
  virtual ~WebhookMethods() = default;

  // What `issued_at` is compared with.
  virtual base::UnixMs NowMs() const = 0;

  virtual void Create(ChangeCall call, EndpointSettings settings, Done<EndpointWithSecret> done) = 0;
  virtual void List(LookCall call, std::string source, Done<std::vector<storage::EndpointRow>> done) = 0;
  virtual void Get(LookCall call, std::string id, EndpointDone done) = 0;
  virtual void Update(ChangeCall call, std::string id, EndpointSettings settings, EndpointDone done) = 0;
  virtual void Remove(ChangeCall call, std::string id, EndpointDone done) = 0;
  virtual void Switch(ChangeCall call, std::string id, bool enabled, EndpointDone done) = 0;
  virtual void RotateSecret(ChangeCall call, std::string id, Done<EndpointWithSecret> done) = 0;
  // One attempt, now. What became of it, good or bad, is a success that says so.
  virtual void Test(ChangeCall call, std::string id, Done<TestedEndpoint> done) = 0;

  virtual void ListEvents(LookCall call, EventQuery query, Done<EventPage> done) = 0;
  virtual void GetEvent(LookCall call, std::string event_id, Done<EventDetail> done) = 0;
  virtual void Replay(ChangeCall call, std::string event_id, std::optional<std::string> endpoint_id,
                      Done<std::vector<storage::DeliveryRow>> done) = 0;
};

// Over the database of a running gateway. Thread safe.
class Webhooks final : public WebhookMethods {
 public:
  // All outlive the object, and it outlives every unit it has given to `access` and every test given to `sender`.
  // `clock` gives database time. `wake` runs after a replay is stored: there is something to send. With `targets` the
  // names of new URLs are resolved and judged by it: 1005 (params.url), after the fields and before anything is read.
  Webhooks(storage::Access& access, Sender& sender, const base::MasterKey& key, const base::Clock& clock,
           base::Random& random, std::function<void()> wake, std::unique_ptr<TargetCheck> targets = nullptr);

  base::UnixMs NowMs() const override;
  void Create(ChangeCall call, EndpointSettings settings, Done<EndpointWithSecret> done) override;
  void List(LookCall call, std::string source, Done<std::vector<storage::EndpointRow>> done) override;
  void Get(LookCall call, std::string id, EndpointDone done) override;
  void Update(ChangeCall call, std::string id, EndpointSettings settings, EndpointDone done) override;
  void Remove(ChangeCall call, std::string id, EndpointDone done) override;
  void Switch(ChangeCall call, std::string id, bool enabled, EndpointDone done) override;
  void RotateSecret(ChangeCall call, std::string id, Done<EndpointWithSecret> done) override;
  void Test(ChangeCall call, std::string id, Done<TestedEndpoint> done) override;
  void ListEvents(LookCall call, EventQuery query, Done<EventPage> done) override;
  void GetEvent(LookCall call, std::string event_id, Done<EventDetail> done) override;
  void Replay(ChangeCall call, std::string event_id, std::optional<std::string> endpoint_id,
              Done<std::vector<storage::DeliveryRow>> done) override;

 private:
  // Goes on when the URL, if there is a new one, leads to where webhooks may go.
  template <typename T>
  void Judged(const std::optional<std::string>& url, Done<T> done, std::function<void(Done<T>)> go_on);
  template <typename T>
  void Look(const LookCall& call, std::function<errors::Outcome<T>(storage::Session&)> read, Done<T> done);
  template <typename T>
  void Change(const ChangeCall& call, std::function<errors::Outcome<T>(const Unit&)> change, Done<T> done);

  storage::Access& access_;
  Sender& sender_;
  const base::MasterKey& key_;
  const base::Clock& clock_;
  base::Random& random_;
  const std::function<void()> wake_;
  const std::unique_ptr<TargetCheck> targets_;
};

}  // namespace multihub::webhooks
