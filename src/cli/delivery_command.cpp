#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/refused.h"
#include "cli/webhook_door.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/random.h"
#include "multihub/webhooks/webhook_object.h"

namespace multihub::cli {
namespace {

constexpr std::int64_t kMaxLimit = 10000;

struct ListOptions {
  std::optional<std::int64_t> application, limit;
  std::optional<std::string> webhook, payment;
  bool failed = false;
};

std::string NoDelivery(const std::string& id) { return "There is no delivery " + id + "."; }

storage::DeliveryFilter ToFilter(const ListOptions& options) {
  storage::DeliveryFilter filter;
  if (options.application) filter.application = ToApplicationId(*options.application);
  filter.endpoint_id = options.webhook;
  filter.h_id = options.payment;
  if (options.failed) filter.state = std::string(storage::kFailed);
  if (options.limit && (*options.limit < 1 || *options.limit > kMaxLimit)) {
    throw Refused("--limit must be 1 to " + std::to_string(kMaxLimit) + ".");
  }
  if (options.limit) filter.limit = static_cast<int>(*options.limit);
  return filter;
}

void List(Context* context, const ListOptions& options) {
  const storage::DeliveryFilter filter = ToFilter(options);
  WebhookDoor door(context);
  const std::vector<storage::DeliveryRow> rows = storage::ListDeliveries(door.session(), filter);
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("deliveries").BeginArray();
  for (const storage::DeliveryRow& row : rows) webhooks::AppendDelivery(&writer, row, webhooks::View::kOperator);
  writer.EndArray().EndObject();
  context->Print(json, DeliveryTable(rows));
}

std::string AttemptTable(const std::vector<storage::AttemptRow>& attempts) {
  std::vector<std::vector<std::string>> table = {{"attempt", "started", "ms", "http", "error", "answer"}};
  for (const storage::AttemptRow& attempt : attempts) {
    std::string answer = webhooks::ShowableText(attempt.answer);
    // One line of the table each.
    for (char& c : answer) c = c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
    table.push_back(
        {std::to_string(attempt.attempt), MomentText(attempt.started_ms), std::to_string(attempt.duration_ms),
         attempt.http_status == 0 ? "-" : std::to_string(attempt.http_status), OrDash(attempt.error), OrDash(answer)});
  }
  return FormatTable(table);
}

void Show(Context* context, const std::string& id) {
  WebhookDoor door(context);
  const auto detail = webhooks::DetailOfDelivery(door.session(), id);
  if (!detail) throw Refused(NoDelivery(id));
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("delivery");
  webhooks::AppendDelivery(&writer, *detail, webhooks::View::kOperator);
  writer.EndObject();
  const storage::DeliveryRow& row = detail->row;
  const bool pending = row.state == storage::kPending;
  context->Print(json, FormatTable({{"delivery", row.id},
                                    {"application", std::to_string(row.application_id.value)},
                                    {"webhook", row.endpoint_id},
                                    {"payment", row.h_id},
                                    {"version", std::to_string(row.status_version)},
                                    {"state", row.state},
                                    {"outcome", OrDash(row.outcome)},
                                    {"next attempt", MomentText(pending ? row.due_ms : 0)},
                                    {"created", MomentText(row.created_ms)},
                                    {"expires", MomentText(row.expires_ms)},
                                    {"finished", MomentText(row.finished_ms)}}) +
                           "\n" + AttemptTable(detail->attempts));
}

void Replay(Context* context, const std::string& id) {
  WebhookDoor door(context);
  PrintQueued(context, door.Queue(NoDelivery(id), [&](const webhooks::Unit& unit) {
    return webhooks::ReplayDelivery(unit, id, base::SystemRandomInstance());
  }));
}

}  // namespace

void AddDelivery(Command* root, Context* context) {
  Command group = root->Group("delivery", "Deliveries: events on their way to webhooks");
  auto list = std::make_shared<ListOptions>();
  group.Add("list", "Shows deliveries, the newest first", "multihub delivery list --failed --app 1")
      .Flag("--failed", &list->failed, "Only those that were given up")
      .Option("--app", &list->application, "Of this application")
      .Option("--webhook", &list->webhook, "To this webhook")
      .Option("--payment", &list->payment, "Of this payment")
      .Option("--limit", &list->limit, "At most so many (100)")
      .Run([context, list] { List(context, *list); });
  auto shown = std::make_shared<std::string>();
  group.Add("show", "Shows a delivery and its attempts", "multihub delivery show dlv_01hx3q7k2m4v8d5e6f7g8h9j0k")
      .Option("id", shown.get(), "The delivery", Command::Need::kRequired)
      .Run([context, shown] { Show(context, *shown); });
  auto replayed = std::make_shared<std::string>();
  group.Add("replay", "Sends its event to its webhook again", "multihub delivery replay dlv_01hx3q7k2m4v8d5e6f7g8h9j0k")
      .Option("id", replayed.get(), "The delivery", Command::Need::kRequired)
      .Run([context, replayed] { Replay(context, *replayed); });
}

}  // namespace multihub::cli
