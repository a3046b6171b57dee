// MULTIHUB_CHECK(condition): an invariant of ours. When it does not hold the process stops, in release builds
// too: a gateway that goes on with a broken ledger does more harm than one that restarts. Never reachable from
// bad input: bad input is a Result.
#pragma once

namespace multihub::base {

// Prints one line naming the condition and its place on stderr and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace multihub::base

#define MULTIHUB_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::multihub::base::CheckFailed(#condition, __FILE__, __LINE__))
