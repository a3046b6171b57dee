// The merchant port: framed requests to the gateway, its replies back to the front.
#pragma once

#include "multihub/http/front.h"
#include "multihub/rpc/gateway.h"

namespace multihub::http {

// Defaults of the merchant port: the header fields a call is judged by, and those that make a request unacceptable
// when sent twice. The caller adds addresses and limits.
FrontOptions MerchantFrontOptions();

// Serves a Front that was made with MerchantFrontOptions. The gateway outlives it.
class GatewayHandler final : public RequestHandler {
 public:
  explicit GatewayHandler(rpc::Gateway& gateway) : gateway_(gateway) {}

  void Handle(Request request, Responder responder) override;
  Response RefuseFraming(FramingFault fault) override;
  Response RefuseOverload() override;

 private:
  rpc::Gateway& gateway_;
};

}  // namespace multihub::http
