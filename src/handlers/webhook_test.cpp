#include <string>
#include <utility>

#include "handlers/methods.h"
#include "handlers/webhook_request.h"
#include "multihub/base/json_writer.h"
#include "multihub/webhooks/webhook_object.h"

namespace multihub::handlers {
namespace {

std::string RenderTest(const webhooks::TestedEndpoint& tested) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("webhook");
  webhooks::AppendEndpoint(&writer, tested.row);
  writer.Key("attempt");
  webhooks::AppendAttempt(&writer, tested.attempt);
  writer.EndObject();
  return json;
}

}  // namespace

void WebhookTest(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish) {
  auto request = ReadIdRequest(context, webhooks.NowMs());
  if (!request) return finish(base::Fail(std::move(request).error()));
  IdRequest read = std::move(request).value();
  webhooks.Test(std::move(read.call), std::move(read.id),
                [finish = std::move(finish)](errors::Outcome<webhooks::TestedEndpoint> outcome) {
                  if (!outcome) return finish(base::Fail(std::move(outcome).error()));
                  finish(RenderTest(outcome.value()));
                });
}

}  // namespace multihub::handlers
