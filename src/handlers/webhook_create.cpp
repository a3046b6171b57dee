#include <utility>

#include "handlers/methods.h"
#include "handlers/webhook_request.h"

namespace multihub::handlers {

void WebhookCreate(webhooks::WebhookMethods& webhooks, const HandlerOptions& options, const rpc::CallContext& context,
                   rpc::Finish finish) {
  RequestFields fields;
  const Branch params{context.params, "params"};
  webhooks::ChangeCall call = ReadChangeCall(&fields, params, context, webhooks.NowMs());
  webhooks::EndpointSettings settings = ReadEndpointSettings(&fields, params, Url::kRequired, options);
  if (!fields.ok()) return finish(base::Fail(fields.TakeProblem()));
  webhooks.Create(std::move(call), std::move(settings), AnswerWithSecret(std::move(finish)));
}

}  // namespace multihub::handlers
