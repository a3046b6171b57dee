// TCP ports for servers that tests start.
#pragma once

#include <chrono>
#include <cstdint>

namespace multihub::support {

// A port of 127.0.0.1 on which nobody listens now, from below the range the kernel takes client ports from: it stays
// free while a server is stopped and started again. Different at each call of the process.
std::uint16_t FreePort();

// True as soon as 127.0.0.1:port takes a connection; false when it does not within `timeout`.
bool WaitForPort(std::uint16_t port, std::chrono::milliseconds timeout);

}  // namespace multihub::support
