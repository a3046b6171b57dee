#include "handlers/methods.h"

namespace multihub::handlers {

// Looks at nothing and asks nobody: it answers while the database is down.
void GatewayPing(const rpc::CallContext&, const rpc::Finish& finish) { finish(std::string(R"({"message":"pong"})")); }

}  // namespace multihub::handlers
