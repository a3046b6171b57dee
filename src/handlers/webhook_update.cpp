#include <string>
#include <utility>

#include "handlers/methods.h"
#include "handlers/webhook_request.h"

namespace multihub::handlers {

void WebhookUpdate(webhooks::WebhookMethods& webhooks, const HandlerOptions& options, const rpc::CallContext& context,
                   rpc::Finish finish) {
  RequestFields fields;
  const Branch params{context.params, "params"};
  webhooks::ChangeCall call = ReadChangeCall(&fields, params, context, webhooks.NowMs());
  std::string id(fields.RequiredText(params, "id"));
  webhooks::EndpointSettings settings = ReadEndpointSettings(&fields, params, Url::kOptional, options);
  if (!fields.ok()) return finish(base::Fail(fields.TakeProblem()));
  webhooks.Update(std::move(call), std::move(id), std::move(settings), AnswerWithEndpoint(std::move(finish)));
}

}  // namespace multihub::handlers
