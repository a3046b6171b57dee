// W3C Trace Context (the Recommendation of 23 November 2021): which trace a call belongs to, read from its
// `traceparent` and `tracestate`, kept with what the call causes, and passed on.
//
// The gateway records no spans of its own. It writes the trace's id into its log, and every request it makes for a call
// belongs to the call's trace, under a parent id nobody else has.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "multihub/base/random.h"

namespace multihub::base {

struct TraceId {
  std::array<std::uint8_t, 16> bytes{};  // all zero: none

  bool empty() const { return *this == TraceId{}; }
  // 32 lower-case hex digits.
  std::array<char, 32> Digits() const;
  std::string Hex() const;
  friend bool operator==(const TraceId&, const TraceId&) = default;
};

struct Trace {
  TraceId id;
  bool sampled = false;
  std::string state;  // tracestate, valid; empty: none

  bool given() const { return !id.empty(); }
  friend bool operator==(const Trace&, const Trace&) = default;
};

// What `tracestate` may become: what all vendors together must be able to pass on.
inline constexpr std::size_t kMaxTraceState = 512;

// nullopt when `traceparent` is not sent or not valid: then `tracestate` is not looked at either. A header that was
// sent twice comes with its values joined by a comma, which makes `traceparent` invalid. Of versions above 00 the
// fields of 00 are taken. An invalid `tracestate` is dropped alone; one that is too long loses the members that are
// longer than 128, then as many at its end as it takes.
std::optional<Trace> ReadTrace(const std::optional<std::string>& traceparent,
                               const std::optional<std::string>& tracestate);

// A trace that begins here, sampled: it is in our log. Its id is the digits of `uuid`, which is 32 lower-case hex
// digits and dashes, so that whoever has the one finds the other.
Trace BeginTrace(std::string_view uuid);
Trace BeginTrace(Random& random);

// The header of one request that is made for the trace: version 00, and a new parent id.
std::string Traceparent(const Trace& trace, Random& random);

// A trace as it is kept: "<id>-<flags>", and after a space the state. Reading gives none for what this did not write.
std::string StoredTrace(const Trace& trace);
Trace ParseStoredTrace(std::string_view text);

}  // namespace multihub::base
