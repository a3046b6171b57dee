// The bare front: the gateway's connection and framing code with nothing behind it. Whole body read, headers of the
// merchant API picked out, a fixed answer of 300 bytes. What the gateway reaches is told as a share of this.
#pragma once

#include <string>

namespace multihub::bench {

// The answer's body.
std::string BareFrontBody();

// Serves on a free port of 127.0.0.1 with one reactor thread, prints "ready http://127.0.0.1:PORT/" on stderr and
// returns after SIGTERM: 0, or 1 when it could not start.
int ServeBareFront();

}  // namespace multihub::bench
