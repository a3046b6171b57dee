#include <utility>

#include "handlers/methods.h"
#include "handlers/webhook_request.h"

namespace multihub::handlers {

void WebhookRotateSecret(webhooks::WebhookMethods& webhooks, const rpc::CallContext& context, rpc::Finish finish) {
  auto request = ReadIdRequest(context, webhooks.NowMs());
  if (!request) return finish(base::Fail(std::move(request).error()));
  IdRequest read = std::move(request).value();
  webhooks.RotateSecret(std::move(read.call), std::move(read.id), AnswerWithSecret(std::move(finish)));
}

}  // namespace multihub::handlers
