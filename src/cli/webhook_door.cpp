#include "cli/webhook_door.h"

#include <map>

#include "cli/refused.h"
#include "cli/security.h"
#include "cli/webhook_sending.h"
#include "multihub/base/json_writer.h"
#include "multihub/storage/webhook_store.h"
#include "multihub/webhooks/webhook_object.h"

namespace multihub::cli {
namespace {

using storage::DeliveryRow;

// "params.url is …" as "--url is …".
std::string AsOption(const errors::Refusal& refusal) {
  static const std::map<std::string, std::string> options = {{"params.url", "--url"}};
  const auto option = options.find(refusal.field);
  if (option == options.end()) return refusal.description;
  return option->second + refusal.description.substr(refusal.field.size());
}

}  // namespace

WebhookDoor::WebhookDoor(Context* context)
    : context_(context), url_(context->database_url()), session_(context->OpenCurrent(url_)) {
  clock_.Measure(*session_);
}

const base::MasterKey& WebhookDoor::Key() {
  if (!key_) key_ = OpenMasterKey(context_->config(), url_, *session_);
  return *key_;
}

webhooks::WebhookUrlOptions WebhookDoor::UrlRules() {
  const Config& config = context_->config();
  return WebhookRules(config.webhooks, IsSandbox(*session_), config.http.listen);
}

std::vector<DeliveryRow> WebhookDoor::Queue(
    const std::string& unknown,
    const std::function<errors::Outcome<std::vector<DeliveryRow>>(const webhooks::Unit&)>& work) {
  std::optional<errors::Outcome<std::vector<DeliveryRow>>> outcome;
  RunUnit([&](const webhooks::Unit& unit) {
    // An earlier run's commit, of which nobody knew the end, had happened.
    const bool made = outcome && outcome->ok() && !(*outcome)->empty() &&
                      storage::FindDelivery(unit.session, (*outcome)->front().id).has_value();
    if (!made) outcome = work(unit);
  });
  return Require(std::move(*outcome), unknown);
}

void WebhookDoor::RunUnit(const std::function<void(const webhooks::Unit&)>& work) {
  const auto run = [&] {
    storage::RunUnit(*session_, kUnitBudgetMs, [&](storage::Session& session) {
      work(webhooks::Unit{session, std::nullopt, clock_.NowMs(), {}});
    });
  };
  try {
    run();
  } catch (const storage::StorageFailure& failure) {
    // A gateway stored the same endpoint in this moment: now it is found.
    if (failure.kind() != storage::StorageFailure::Kind::kDuplicate) throw;
    run();
  }
}

void WebhookDoor::Refuse(const errors::Refusal& refusal, const std::string& unknown) {
  switch (refusal.code) {
    case errors::Code::kPaymentNotFound:
      throw Refused(unknown);
    case errors::Code::kLimitExceeded:
      throw Refused("The application has " + std::to_string(webhooks::kMaxEndpoints) +
                    " webhooks, and more are not allowed; delete one first.");
    case errors::Code::kNoCallbackUrl:
      throw Refused("No enabled webhook could be told of it; `multihub webhook list` shows which there are.");
    default:
      throw Refused(AsOption(refusal) + ".");
  }
}

std::string NoWebhook(const std::string& id) {
  return "There is no webhook " + id + "; `multihub webhook list` shows all.";
}

std::string NoConfiguredWebhook(const std::string& id) {
  return "There is no configured webhook " + id + "; `multihub webhook list` shows all.";
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

std::string MomentText(std::int64_t at_ms) { return at_ms == 0 ? "-" : base::FormatIso8601(at_ms); }

void PrintQueued(Context* context, const std::vector<DeliveryRow>& rows) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("queued").Int(static_cast<std::int64_t>(rows.size())).Key("deliveries").BeginArray();
  for (const DeliveryRow& row : rows) webhooks::AppendDelivery(&writer, row, webhooks::View::kOperator);
  writer.EndArray().EndObject();
  context->Print(json, "Queued for the gateways to send:\n" + DeliveryTable(rows));
}

std::string DeliveryTable(const std::vector<DeliveryRow>& rows) {
  std::vector<std::vector<std::string>> table = {
      {"delivery", "application", "webhook", "payment", "version", "state", "attempts", "created"}};
  for (const DeliveryRow& row : rows) {
    const std::string state = row.outcome.empty() ? row.state : row.state + " (" + row.outcome + ")";
    table.push_back({row.id, std::to_string(row.application_id.value), row.endpoint_id, row.h_id,
                     std::to_string(row.status_version), state, std::to_string(row.attempts),
                     MomentText(row.created_ms)});
  }
  return FormatTable(table);
}

}  // namespace multihub::cli
