// The operator's door to webhooks and the event log, as commands open it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/database_clock.h"
#include "multihub/base/sealing.h"
#include "multihub/errors/refusal.h"
#include "multihub/webhooks/event_history.h"
#include "multihub/webhooks/management.h"
#include "multihub/webhooks/webhook_url.h"

namespace multihub::cli {

class WebhookDoor {
 public:
  explicit WebhookDoor(Context* context);

  storage::Session& session() { return *session_; }
  const base::Clock& clock() const { return clock_; }
  // The master key, which only what touches secrets asks for. Throws Refused when there is none.
  const base::MasterKey& Key();
  // What the configuration lets webhooks be sent to; a sandbox that listens on loopback may send to its own machine.
  webhooks::WebhookUrlOptions UrlRules();

  // Runs one unit of work as the operator. Its refusal is thrown as Refused; of something unknown with the sentence
  // `unknown`.
  template <typename T>
  T Change(const std::string& unknown, const std::function<errors::Outcome<T>(const webhooks::Unit&)>& work) {
    std::optional<errors::Outcome<T>> outcome;
    RunUnit([&](const webhooks::Unit& unit) { outcome = work(unit); });
    return Require(std::move(*outcome), unknown);
  }
  // The same for new deliveries, which are made once, however often the unit has to run.
  std::vector<storage::DeliveryRow> Queue(
      const std::string& unknown,
      const std::function<errors::Outcome<std::vector<storage::DeliveryRow>>(const webhooks::Unit&)>& work);

  template <typename T>
  static T Require(errors::Outcome<T> outcome, const std::string& unknown) {
    if (!outcome) Refuse(outcome.error(), unknown);
    return std::move(outcome).value();
  }

 private:
  void RunUnit(const std::function<void(const webhooks::Unit&)>& work);
  [[noreturn]] static void Refuse(const errors::Refusal& refusal, const std::string& unknown);

  Context* const context_;
  const storage::DatabaseUrl url_;
  std::unique_ptr<storage::Session> session_;
  DatabaseClock clock_;
  std::optional<base::MasterKey> key_;
};

std::string NoWebhook(const std::string& id);
// Where those that payments named do not count.
std::string NoConfiguredWebhook(const std::string& id);
// "-" for an empty text, and for the moment 0.
std::string OrDash(const std::string& text);
std::string MomentText(std::int64_t at_ms);
// Prints {"queued":N,"deliveries":[…]}, for people a table.
void PrintQueued(Context* context, const std::vector<storage::DeliveryRow>& rows);
std::string DeliveryTable(const std::vector<storage::DeliveryRow>& rows);

}  // namespace multihub::cli
