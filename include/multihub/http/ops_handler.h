// The ops port: GET (or HEAD) /healthz says that the process runs, /readyz whether it should be sent traffic, /metrics
// how it fares, and /public/api/multihub/v1/openapi.json what merchants may call.
#pragma once

#include <functional>
#include <string>

#include "multihub/http/front.h"

namespace multihub::http {

// /healthz: 200 {"status":"ok"}. /readyz: 200 {"status":"ready"}, or 503 {"status":"not ready","reason":"..."}.
// /metrics: 200 and Prometheus' text form, or 500 {"status":"no metrics","reason":"..."}.
// The OpenAPI document: 200 and the bytes of docs/contract/openapi.json of this build.
// Anything else, a bad request included: 404 {"status":"not found"} or 400 {"status":"bad request"}.
class OpsHandler final : public RequestHandler {
 public:
  // `not_ready` gives an empty string when ready, otherwise the reason in English. Called on a reactor thread: it must
  // not wait for anything. An exception out of it counts as not ready. `metrics` gives the text of the metrics page,
  // under the same conditions; without it there is none.
  explicit OpsHandler(std::function<std::string()> not_ready, std::function<std::string()> metrics = nullptr)
      : not_ready_(std::move(not_ready)), metrics_(std::move(metrics)) {}

  void Handle(Request request, Responder responder) override;
  Response RefuseFraming(FramingFault fault) override;
  Response RefuseOverload() override;

 private:
  Response Readiness() const;
  Response Metrics() const;

  const std::function<std::string()> not_ready_;
  const std::function<std::string()> metrics_;
};

}  // namespace multihub::http
