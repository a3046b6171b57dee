#include <string>
#include <utility>

#include "handlers/methods.h"
#include "handlers/webhook_request.h"
#include "multihub/base/json_writer.h"
#include "multihub/webhooks/webhook_object.h"

namespace multihub::handlers {
namespace {

std::string RenderList(const std::vector<storage::EndpointRow>& rows) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("webhooks").BeginArray();
  for (const storage::EndpointRow& row : rows) webhooks::AppendEndpoint(&writer, row);
  writer.EndArray().EndObject();
  return json;
}

}  // namespace

void WebhookList(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish) {
  RequestFields fields;
  const Branch params{context.params, "params"};
  const std::string source(fields.OptionalText(params, "source").value_or(storage::kSourceConfigured));
  if (source != storage::kSourceConfigured && source != storage::kSourceInRequest) {
    fields.Refuse(params, "source", "must be \"configured\" or \"in_request\"");
  }
  if (!fields.ok()) return finish(base::Fail(fields.TakeProblem()));
  webhooks.List(ReadLookCall(context), source,
                [finish = std::move(finish)](errors::Outcome<std::vector<storage::EndpointRow>> outcome) {
                  if (!outcome) return finish(base::Fail(std::move(outcome).error()));
                  finish(RenderList(outcome.value()));
                });
}

}  // namespace multihub::handlers
