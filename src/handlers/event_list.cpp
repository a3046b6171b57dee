#include <string>
#include <utility>

#include "handlers/methods.h"
#include "handlers/payment_lookup.h"
#include "handlers/webhook_request.h"
#include "multihub/base/json_writer.h"
#include "multihub/domain/event_names.h"
#include "multihub/webhooks/webhook_object.h"

namespace multihub::handlers {
namespace {

constexpr webhooks::Bounds kLimitBounds{1, 100};
constexpr std::int64_t kDefaultLimit = 20;

std::optional<std::string> ReadType(RequestFields* fields, const Branch& params) {
  const auto type = fields->OptionalText(params, "type");
  if (!type) return std::nullopt;
  if (!domain::IsKnownEvent(*type)) fields->Refuse(params, "type", "must be the name of an event");
  return std::string(*type);
}

std::optional<std::string> OptionalCopy(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  return std::string(*text);
}

void ReadAfter(RequestFields* fields, const Branch& params, webhooks::EventQuery* query) {
  const auto cursor = fields->OptionalText(params, "after");
  if (!cursor) return;
  query->after = webhooks::ParseCursor(*cursor);
  if (!query->after) fields->Refuse(params, "after", "must be the next_cursor of an earlier answer");
}

std::string RenderPage(const webhooks::EventPage& page) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("events").BeginArray();
  for (const webhooks::ListedEvent& listed : page.events) webhooks::AppendEvent(&writer, listed);
  writer.EndArray().Key("next_cursor");
  if (page.next) {
    writer.String(webhooks::CursorOf(*page.next));
  } else {
    writer.Null();
  }
  writer.EndObject();
  return json;
}

}  // namespace

// The order of the lines is the order of the checks.
void EventList(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish) {
  RequestFields fields;
  const Branch params{context.params, "params"};
  webhooks::EventQuery query;
  query.application = context.application.id;
  query.type = ReadType(&fields, params);
  SentClientId c_id = ReadClientId(&fields, params, !context.application.strict_identifiers);
  query.h_id = OptionalCopy(fields.OptionalText(params, "h_id"));
  query.from_ms = OptionalMoment(&fields, params, "from").value_or(query.from_ms);
  query.to_ms = OptionalMoment(&fields, params, "to").value_or(query.to_ms);
  query.limit = static_cast<int>(OptionalWithin(&fields, params, "limit", kLimitBounds).value_or(kDefaultLimit));
  ReadAfter(&fields, params, &query);
  if (!fields.ok()) return finish(base::Fail(fields.TakeProblem()));
  if (!c_id.possible) return finish(RenderPage({}));
  query.c_id = std::move(c_id.text);
  webhooks.ListEvents(ReadLookCall(context), std::move(query),
                      [finish = std::move(finish)](errors::Outcome<webhooks::EventPage> outcome) {
                        if (!outcome) return finish(base::Fail(std::move(outcome).error()));
                        finish(RenderPage(outcome.value()));
                      });
}

}  // namespace multihub::handlers
