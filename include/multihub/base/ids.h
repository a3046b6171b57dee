// Identifiers: UUID v4 (request ids) and ULID (payments, endpoints, events).
#pragma once

#include <string>
#include <string_view>

#include "multihub/base/clock.h"
#include "multihub/base/random.h"

namespace multihub::base {

// "5f0c…-4…-…": RFC 4122 version 4, lower case, 36 characters.
std::string NewUuid(Random& random);
bool IsUuidV4(std::string_view text);

// 26 characters of lower-case Crockford base32: 48 bits of time, 80 random bits. Sorts by time to the
// millisecond. 0 <= at_ms < 2^48.
std::string NewUlid(UnixMs at_ms, Random& random);
// The smallest ULID of that millisecond: every earlier one sorts before it.
std::string FirstUlidOf(UnixMs at_ms);
// True for 26 lower-case Crockford characters whose first is 0..7.
bool IsUlid(std::string_view text);

}  // namespace multihub::base
