#include "multihub/http/gateway_handler.h"

#include <memory>
#include <utility>

#include "multihub/base/check.h"

namespace multihub::http {
namespace {

// The places of MerchantFrontOptions().headers.
enum HeaderPlace : std::size_t { kApplicationId, kDataHash, kContentType, kTraceparent, kTracestate, kHeaderCount };

rpc::Call ToCall(Request request) {
  MULTIHUB_CHECK(request.headers.size() == kHeaderCount);
  rpc::Call call;
  call.verb = std::move(request.verb);
  call.path = std::move(request.path);
  call.application_id = std::move(request.headers[kApplicationId]);
  call.data_hash = std::move(request.headers[kDataHash]);
  call.content_type = std::move(request.headers[kContentType]);
  call.traceparent = std::move(request.headers[kTraceparent]);
  call.tracestate = std::move(request.headers[kTracestate]);
  call.body = std::move(request.body);
  call.body_too_large = request.body_too_large;
  call.client_address = std::move(request.client_address);
  call.received_us = request.received_us;
  return call;
}

Response ToResponse(rpc::Reply reply) {
  Response response;
  response.status = reply.http_status;
  response.body = std::move(reply.body);
  response.headers = std::move(reply.headers);
  response.headers.emplace_back("X-Request-Id", std::move(reply.request_id));
  if (!reply.data_hash.empty()) response.headers.emplace_back("X-Data-Hash", std::move(reply.data_hash));
  response.close = reply.close;
  return response;
}

}  // namespace

FrontOptions MerchantFrontOptions() {
  FrontOptions options;
  options.headers.resize(kHeaderCount);
  options.headers[kApplicationId] = "x-data-application-id";
  options.headers[kDataHash] = "x-data-hash";
  options.headers[kContentType] = "content-type";
  options.headers[kTraceparent] = "traceparent";
  options.headers[kTracestate] = "tracestate";
  // Which of two would count is anybody's guess, and a proxy's guess may be another than ours.
  options.unrepeatable = {"x-data-application-id", "x-data-hash"};
  return options;
}

void GatewayHandler::Handle(Request request, Responder responder) {
  // std::function wants to be copied; the right to answer cannot be.
  auto shared = std::make_shared<Responder>(std::move(responder));
  gateway_.Handle(ToCall(std::move(request)),
                  [shared](rpc::Reply reply) { shared->Send(ToResponse(std::move(reply))); });
}

Response GatewayHandler::RefuseFraming(FramingFault) { return ToResponse(gateway_.RefuseFraming()); }

Response GatewayHandler::RefuseOverload() { return ToResponse(gateway_.RefuseOverload()); }

}  // namespace multihub::http
