// Structured log: one JSON object a line, from an allow-list of fields, so that a secret, a card number or a payer's
// data has no way in.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "multihub/base/trace.h"

namespace multihub::observability {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// The only fields a line may carry besides ts, level and event. Adding one is a decision, taken here.
enum class LogField {
  kRequestId,
  kTraceId,
  kApplicationId,
  kMethod,
  kCode,
  kHttpStatus,
  kDurationMs,
  kPaymentId,
  kServiceId,
  kProvider,
  kStatus,
  kAlert,
  kCount,
  kAddress,
  kPort,
  kDetail,
  kLane,
  kEngine,
  kVersion,
  kSignal,
  kDatabase,
  kCurrency,
  kSequence,
};

using LogValue = std::variant<std::int64_t, std::string, base::TraceId>;

// Writes nothing below the set level. Thread safe; a line is never torn. kDetail is for our own words and a library's
// error text, never for anything a client sent.
void Log(LogLevel level, std::string_view event, std::initializer_list<std::pair<LogField, LogValue>> fields = {});

// kInfo at first. `serve` writes to stdout, every other command to stderr.
void ConfigureLog(LogLevel level, bool to_stdout);
void FlushLog();

// An alert: one error line with alert=<kind>, and the counter multihub_alerts_total{kind}.
void Alert(std::string_view kind, std::initializer_list<std::pair<LogField, LogValue>> fields = {});
// How often Alert was called with this kind since the start.
std::uint64_t AlertCount(std::string_view kind);
// The same of every kind: those this gateway knows, from 0 on, and any other that was ever raised.
std::map<std::string, std::uint64_t, std::less<>> AlertCounts();
// Lines that found no room because the output stood still.
std::uint64_t LogLinesDropped();

}  // namespace multihub::observability
