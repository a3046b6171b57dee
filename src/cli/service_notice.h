// Telling a supervisor how far the gateway is: the datagrams of systemd's sd_notify(3).
#pragma once

#include <string>
#include <string_view>

namespace multihub::cli {

// What $NOTIFY_SOCKET names; empty when nobody wants to hear. Reads the environment: call it before other threads run.
std::string NotifySocket();

// Sends one state, such as "READY=1", to the socket: a path, or "@name" for an abstract one. Empty `socket`: nothing
// happens. False when it was not sent; never waits and never throws, since no supervisor is worth a gateway.
bool NotifyService(const std::string& socket, std::string_view state);

}  // namespace multihub::cli
