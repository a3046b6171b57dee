#include <string>
#include <utility>

#include "handlers/methods.h"
#include "handlers/webhook_request.h"

namespace multihub::handlers {

void WebhookGet(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish) {
  RequestFields fields;
  std::string id(fields.RequiredText({context.params, "params"}, "id"));
  if (!fields.ok()) return finish(base::Fail(fields.TakeProblem()));
  webhooks.Get(ReadLookCall(context), std::move(id), AnswerWithEndpoint(std::move(finish)));
}

}  // namespace multihub::handlers
