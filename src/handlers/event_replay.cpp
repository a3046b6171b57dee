#include <string>
#include <utility>

#include "handlers/methods.h"
#include "handlers/webhook_request.h"
#include "multihub/base/json_writer.h"
#include "multihub/webhooks/webhook_object.h"

namespace multihub::handlers {
namespace {

std::string RenderDeliveries(const std::vector<storage::DeliveryRow>& rows) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("deliveries").BeginArray();
  for (const storage::DeliveryRow& row : rows) webhooks::AppendDelivery(&writer, row);
  writer.EndArray().EndObject();
  return json;
}

}  // namespace

void EventReplay(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish) {
  RequestFields fields;
  const Branch params{context.params, "params"};
  webhooks::ChangeCall call = ReadChangeCall(&fields, params, context, webhooks.NowMs());
  std::string id(fields.RequiredText(params, "id"));
  const auto webhook_id = fields.OptionalText(params, "webhook_id");
  if (!fields.ok()) return finish(base::Fail(fields.TakeProblem()));
  webhooks.Replay(std::move(call), std::move(id), webhook_id ? std::optional(std::string(*webhook_id)) : std::nullopt,
                  [finish = std::move(finish)](errors::Outcome<std::vector<storage::DeliveryRow>> outcome) {
                    if (!outcome) return finish(base::Fail(std::move(outcome).error()));
                    finish(RenderDeliveries(outcome.value()));
                  });
}

}  // namespace multihub::handlers
