// The gate sequence: what a call must pass before its method runs. See pipeline.cpp for the list.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "multihub/auth/directory.h"
#include "multihub/base/clock.h"
#include "multihub/base/digest.h"
#include "multihub/base/json_reader.h"
#include "multihub/base/secret_string.h"
#include "multihub/domain/ids.h"
#include "multihub/errors/refusal.h"
#include "multihub/observability/metrics.h"
#include "multihub/rpc/call.h"
#include "multihub/rpc/gateway.h"
#include "multihub/rpc/method.h"
#include "rpc/token_buckets.h"

namespace multihub::rpc {

// One call on its way through the gates: each fills in what it found out. Stays in its place (JSON views point into
// it).
struct Passage {
  explicit Passage(const Call& its_call) : call(its_call) {}
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;

  const Call& call;
  std::optional<std::string_view> resend_h_id;  // the REST twin of payment.notification, and its payment
  domain::ApplicationId application_id;
  std::shared_ptr<const auth::Directory> directory;
  const auth::Application* application = nullptr;
  const base::SecretString* secret = nullptr;  // from the signature gate on: answers are signed with it
  std::string resend_params;                   // what the twin's call would have sent; `document` reads it
  std::optional<base::JsonDocument> document;
  const Method* method = nullptr;
  base::JsonValue service_id;
  base::JsonValue params;
  std::optional<TokenAnswer> tokens;  // for the RateLimit-* headers
  bool source_charged = false;        // refused, and its source address has paid a token for it
};

// Thread safe.
class Pipeline {
 public:
  Pipeline(const GatewayOptions& options, MethodTable methods, const auth::DirectoryCache& directory,
           const base::Clock& clock, std::function<void(domain::ApplicationId)> secret_in_use);

  // nullopt: the call may run `passage->method`. Otherwise the answer of the first gate that it did not pass.
  std::optional<errors::Refusal> Admit(Passage* passage);

  const MethodTable& methods() const { return methods_; }
  void Collect(observability::MetricsPage* page) const;

 private:
  using Refused = std::optional<errors::Refusal>;
  enum class Applies { kEveryCall, kMethodCalls };
  enum class Source { kFree, kCharged };
  struct Gate {
    Refused (Pipeline::*check)(Passage*);
    Applies applies;
    Source source;
  };
  static const Gate kGates[];

  Refused CheckPath(Passage* passage);
  Refused CheckVerb(Passage* passage);
  Refused CheckBodySize(Passage* passage);
  Refused CheckHashHeader(Passage* passage);
  Refused CheckApplicationHeader(Passage* passage);
  Refused CheckApplication(Passage* passage);
  Refused CheckSignature(Passage* passage);
  Refused CheckContentType(Passage* passage);
  Refused ReadBody(Passage* passage);
  Refused ChooseMethod(Passage* passage);
  Refused CheckRateLimit(Passage* passage);
  Refused CheckParams(Passage* passage);

  errors::Refusal ChargeSource(Passage* passage, errors::Refusal refusal);
  Refused BuildResendParams(Passage* passage);
  const Method* FindMethod(std::string_view name) const;
  const RateLimit* LimitOf(RateClass rate_class) const;
  void NoteSecretInUse(const auth::Application& application);
  std::int64_t NowNs() const { return clock_.MonotonicUs() * 1000; }

  const GatewayOptions options_;
  const MethodTable methods_;
  const auth::DirectoryCache& directory_;
  const base::Clock& clock_;
  const std::function<void(domain::ApplicationId)> secret_in_use_;
  MethodBuckets method_buckets_;
  SourceBuckets source_buckets_;
  // Refused for want of a token: by RateClass, at the place of kNone those of source addresses.
  std::array<observability::Counter, 6> limited_;
  std::mutex noted_mutex_;
  // Which secret of an application was reported to be in use, by its digest: the next rotation is reported again.
  std::unordered_map<domain::ApplicationId, base::Sha256Digest> noted_secrets_;
};

}  // namespace multihub::rpc
