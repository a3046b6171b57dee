#include <algorithm>
#include <memory>
#include <optional>
#include <span>

#include "cli/commands.h"
#include "cli/directory_rows.h"
#include "cli/input.h"
#include "cli/refused.h"
#include "cli/webhook_door.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/random.h"
#include "multihub/domain/event_names.h"
#include "multihub/webhooks/webhook_object.h"

namespace multihub::cli {
namespace {

using webhooks::Unit;

constexpr std::int64_t kMaxLimit = 1000;
constexpr std::size_t kEventsAtOnce = 100;  // in one transaction

struct ListOptions {
  std::int64_t application = 0;
  std::optional<std::string> type, payment, since, until, after;
  std::optional<std::int64_t> limit;
};

struct ReplayOptions {
  std::optional<std::string> event_id, payment, webhook, since, until;
  std::optional<std::int64_t> application;
};

base::UnixMs ToTime(const std::string& option, const std::string& text) {
  base::UnixMs at_ms = 0;
  if (base::ParseIso8601(text, &at_ms) || base::ParseIso8601(text + "T00:00:00Z", &at_ms)) return at_ms;
  throw Refused(option + " must be a UTC date or time, such as 2026-05-01 or 2026-05-01T10:00:00Z.");
}

std::string NoEvent(const std::string& id) { return "There is no event " + id + "."; }

webhooks::EventQuery ToQuery(const ListOptions& options) {
  webhooks::EventQuery query;
  query.application = ToApplicationId(options.application);
  if (options.type && !domain::IsKnownEvent(*options.type)) {
    throw Refused("--type must be the name of an event, such as payment.completed.");
  }
  query.type = options.type;
  query.h_id = options.payment;
  if (options.since) query.from_ms = ToTime("--since", *options.since);
  if (options.until) query.to_ms = ToTime("--until", *options.until);
  if (options.limit && (*options.limit < 1 || *options.limit > kMaxLimit)) {
    throw Refused("--limit must be 1 to " + std::to_string(kMaxLimit) + ".");
  }
  if (options.limit) query.limit = static_cast<int>(*options.limit);
  if (options.after) {
    query.after = webhooks::ParseCursor(*options.after);
    if (!query.after) throw Refused("--after must be the cursor that an earlier list ended with.");
  }
  return query;
}

void List(Context* context, const ListOptions& options) {
  const webhooks::EventQuery query = ToQuery(options);
  WebhookDoor door(context);
  RequireApplication(door.session(), query.application);
  const webhooks::EventPage page = webhooks::PageOfEvents(door.session(), query);
  const std::string cursor = page.next ? webhooks::CursorOf(*page.next) : "";
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("events").BeginArray();
  std::vector<std::vector<std::string>> table = {{"event", "c_id", "version", "created"}};
  for (const webhooks::ListedEvent& listed : page.events) {
    webhooks::AppendEvent(&writer, listed, webhooks::View::kOperator);
    table.push_back({listed.event.event_id, listed.c_id.text, std::to_string(listed.event.status_version),
                     MomentText(listed.event.created_ms)});
  }
  writer.EndArray().Key("next_cursor");
  if (page.next) {
    writer.String(cursor);
  } else {
    writer.Null();
  }
  writer.EndObject();
  context->Print(json, FormatTable(table) + (page.next ? "\nThere are more: --after " + cursor : ""));
}

void Show(Context* context, const std::string& id) {
  WebhookDoor door(context);
  const webhooks::EventDetail detail =
      WebhookDoor::Require(webhooks::DetailOfEvent(door.session(), std::nullopt, id), NoEvent(id));
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("event");
  webhooks::AppendEvent(&writer, detail, webhooks::View::kOperator);
  writer.EndObject();
  const storage::EventRow& event = detail.listed.event;
  std::vector<storage::DeliveryRow> rows;
  for (const webhooks::DeliveryDetail& delivery : detail.deliveries) rows.push_back(delivery.row);
  context->Print(json, FormatTable({{"event", event.event_id},
                                    {"application", std::to_string(event.application_id.value)},
                                    {"payment", event.h_id},
                                    {"c_id", detail.listed.c_id.text},
                                    {"version", std::to_string(event.status_version)},
                                    {"created", MomentText(event.created_ms)},
                                    {"body", event.body}}) +
                           "\n" + DeliveryTable(rows));
}

// ---- replay ----

void ReplayOne(Context* context, const ReplayOptions& options) {
  WebhookDoor door(context);
  const std::string also =
      options.webhook ? " Or its application has no webhook " + *options.webhook + " that may hear of it." : "";
  const std::vector<storage::DeliveryRow> rows =
      options.event_id
          ? door.Queue(NoEvent(*options.event_id) + also,
                       [&](const Unit& unit) {
                         return webhooks::ReplayEvent(unit, *options.event_id, options.webhook,
                                                      base::SystemRandomInstance());
                       })
          : door.Queue("There is no payment " + *options.payment + "." + also, [&](const Unit& unit) {
              return webhooks::ReplayPayment(unit, *options.payment, options.webhook, base::SystemRandomInstance());
            });
  PrintQueued(context, rows);
}

// A transaction for each few events, oldest first: a gateway goes on working beside it.
void ReplaySpan(Context* context, const ReplayOptions& options) {
  const domain::ApplicationId application = ToApplicationId(*options.application);
  const base::UnixMs since_ms = ToTime("--since", *options.since);
  WebhookDoor door(context);
  RequireApplication(door.session(), application);
  const base::UnixMs until_ms = options.until ? ToTime("--until", *options.until) : door.clock().NowMs() + 1;
  if (until_ms <= since_ms) throw Refused("--until must be later than --since.");
  const std::vector<webhooks::EventKey> keys = webhooks::EventsBetween(door.session(), application, since_ms, until_ms);
  std::size_t queued = 0;
  for (std::size_t begin = 0; begin < keys.size(); begin += kEventsAtOnce) {
    const auto some = std::span(keys).subspan(begin, std::min(kEventsAtOnce, keys.size() - begin));
    queued += door.Queue(NoWebhook(options.webhook.value_or("")),
                         [&](const Unit& unit) {
                           return webhooks::ReplayEvents(unit, application, some, options.webhook,
                                                         base::SystemRandomInstance());
                         })
                  .size();
  }
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("events").Int(static_cast<std::int64_t>(keys.size()));
  writer.Key("queued").Int(static_cast<std::int64_t>(queued)).EndObject();
  context->Print(json, "Queued " + std::to_string(queued) + " deliveries of " + std::to_string(keys.size()) +
                           " events for the gateways to send.");
}

void Replay(Context* context, const ReplayOptions& options) {
  const bool span = options.application || options.since || options.until;
  const int forms = (options.event_id ? 1 : 0) + (options.payment ? 1 : 0) + (span ? 1 : 0);
  if (forms != 1) throw Refused("Give an event, or --payment, or --app with --since.");
  if (!span) return ReplayOne(context, options);
  if (!options.application || !options.since) throw Refused("A span of time needs both --app and --since.");
  ReplaySpan(context, options);
}

void AddList(Command* group, Context* context) {
  auto options = std::make_shared<ListOptions>();
  group->Add("list", "Shows events, the newest first", "multihub event list --app 1 --since 2026-05-01")
      .Option("--app", &options->application, "Of this application", Command::Need::kRequired)
      .Option("--type", &options->type, "Of this name, such as payment.completed")
      .Option("--payment", &options->payment, "Of this payment")
      .Option("--since", &options->since, "Since this UTC date or time")
      .Option("--until", &options->until, "Before this UTC date or time")
      .Option("--limit", &options->limit, "At most so many (20)")
      .Option("--after", &options->after, "The cursor that the page before ended with")
      .Run([context, options] { List(context, *options); });
}

void AddReplay(Command* group, Context* context) {
  auto options = std::make_shared<ReplayOptions>();
  group
      ->Add("replay", "Sends events again: one, a payment's, or those of a span of time",
            "multihub event replay --app 1 --since 2026-05-01T10:00:00Z --until 2026-05-01T12:00:00Z")
      .Option("event_id", &options->event_id, "One event")
      .Option("--payment", &options->payment, "Every event of this payment")
      .Option("--app", &options->application, "Every event of this application, with --since")
      .Option("--since", &options->since, "Since this UTC date or time")
      .Option("--until", &options->until, "Before this UTC date or time (now)")
      .Option("--webhook", &options->webhook, "To this webhook only; all enabled ones when left out")
      .Run([context, options] { Replay(context, *options); });
}

}  // namespace

void AddEvent(Command* root, Context* context) {
  Command group = root->Group("event", "The event log: what webhooks tell");
  AddList(&group, context);
  auto id = std::make_shared<std::string>();
  group
      .Add("show", "Shows an event, its body and its deliveries",
           "multihub event show pay_01hx3q7k2m4v8d5e6f7g8h9j0k:payment.completed")
      .Option("event_id", id.get(), "The event", Command::Need::kRequired)
      .Run([context, id] { Show(context, *id); });
  AddReplay(&group, context);
}

}  // namespace multihub::cli
