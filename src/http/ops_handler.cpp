#include "multihub/http/ops_handler.h"

#include <exception>

#include "http/openapi_document.h"
#include "multihub/base/json_writer.h"
#include "multihub/observability/metrics.h"

namespace multihub::http {
namespace {

constexpr std::string_view kOpenApiPath = "/public/api/multihub/v1/openapi.json";

Response OpenApi() {
  Response response;
  response.body = OpenApiDocument();
  return response;
}

Response Status(int http_status, std::string_view status, std::string_view reason = "") {
  Response response;
  response.status = http_status;
  base::JsonWriter json(&response.body);
  json.BeginObject().Key("status").String(status);
  if (!reason.empty()) json.Key("reason").String(reason);
  json.EndObject();
  return response;
}

}  // namespace

void OpsHandler::Handle(Request request, Responder responder) {
  const bool reads = request.verb == "GET" || request.verb == "HEAD";
  if (reads && request.path == "/healthz") return responder.Send(Status(200, "ok"));
  if (reads && request.path == "/readyz") return responder.Send(Readiness());
  if (reads && request.path == "/metrics" && metrics_) return responder.Send(Metrics());
  if (reads && request.path == kOpenApiPath) return responder.Send(OpenApi());
  responder.Send(Status(404, "not found"));
}

Response OpsHandler::Readiness() const {
  std::string reason;
  try {
    reason = not_ready_();
  } catch (const std::exception& error) {
    reason = error.what();
  }
  return reason.empty() ? Status(200, "ready") : Status(503, "not ready", reason);
}

Response OpsHandler::Metrics() const {
  try {
    Response response;
    response.body = metrics_();
    response.content_type = observability::MetricsPage::ContentType();
    return response;
  } catch (const std::exception& error) {
    return Status(500, "no metrics", error.what());
  }
}

Response OpsHandler::RefuseFraming(FramingFault) { return Status(400, "bad request"); }

Response OpsHandler::RefuseOverload() { return Status(503, "busy"); }

}  // namespace multihub::http
