#include <string>
#include <utility>

#include "handlers/methods.h"
#include "handlers/webhook_request.h"
#include "multihub/base/json_writer.h"
#include "multihub/webhooks/webhook_object.h"

namespace multihub::handlers {
namespace {

std::string RenderDetail(const webhooks::EventDetail& detail) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("event");
  webhooks::AppendEvent(&writer, detail);
  writer.EndObject();
  return json;
}

}  // namespace

void EventGet(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish) {
  RequestFields fields;
  std::string id(fields.RequiredText({context.params, "params"}, "id"));
  if (!fields.ok()) return finish(base::Fail(fields.TakeProblem()));
  webhooks.GetEvent(ReadLookCall(context), std::move(id),
                    [finish = std::move(finish)](errors::Outcome<webhooks::EventDetail> outcome) {
                      if (!outcome) return finish(base::Fail(std::move(outcome).error()));
                      finish(RenderDetail(outcome.value()));
                    });
}

}  // namespace multihub::handlers
