// The fields and results that the webhook and event methods share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handlers/request_fields.h"
#include "multihub/base/clock.h"
#include "multihub/handlers/method_table.h"
#include "multihub/rpc/method.h"
#include "multihub/webhooks/webhooks.h"

namespace multihub::handlers {

// A moment under `parent`, in milliseconds: ISO 8601, or Unix seconds as a number or as digits, perhaps with a
// fraction.
std::optional<base::UnixMs> OptionalMoment(RequestFields* fields, const Branch& parent, std::string_view below);

// A whole number within bounds.
std::optional<std::int64_t> OptionalWithin(RequestFields* fields, const Branch& parent, std::string_view below,
                                           const webhooks::Bounds& bounds);

webhooks::LookCall ReadLookCall(const rpc::CallContext& context);
// With `issued_at` and `nonce`, which every changing method needs; a signature alone could be sent again for ever.
webhooks::ChangeCall ReadChangeCall(RequestFields* fields, const Branch& params, const rpc::CallContext& context,
                                    base::UnixMs now_ms);

enum class Url { kRequired, kOptional };
webhooks::EndpointSettings ReadEndpointSettings(RequestFields* fields, const Branch& params, Url url,
                                                const HandlerOptions& options);

// Finish with {"webhook":…}, or with the refusal.
webhooks::EndpointDone AnswerWithEndpoint(rpc::Finish finish);
webhooks::Done<webhooks::EndpointWithSecret> AnswerWithSecret(rpc::Finish finish);

// The changing methods that take an `id` and nothing else.
struct IdRequest {
  webhooks::ChangeCall call;
  std::string id;
};
errors::Outcome<IdRequest> ReadIdRequest(const rpc::CallContext& context, base::UnixMs now_ms);

}  // namespace multihub::handlers
