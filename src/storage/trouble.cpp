#include <atomic>
#include <optional>
#include <string_view>

#include "multihub/base/clock.h"
#include "multihub/observability/log.h"
#include "multihub/storage/session.h"

namespace multihub::storage {
namespace {

constexpr std::int64_t kRepeatAfterUs = 60'000'000;

struct TroubleAlert {
  StorageFailure::Trouble trouble;
  std::string_view kind;
  std::atomic<std::int64_t> said_us{0};  // base::Clock::MonotonicUs(); 0: never
};

TroubleAlert alerts[] = {{StorageFailure::Trouble::kDamaged, "database_damaged"},
                         {StorageFailure::Trouble::kFull, "database_full"},
                         {StorageFailure::Trouble::kNotWritable, "database_not_writable"}};

// True for one of all threads that ask.
bool TakeTurn(TroubleAlert* alert) {
  const std::int64_t now_us = base::SystemClock().MonotonicUs();
  std::int64_t said_us = alert->said_us;
  if (said_us != 0 && now_us - said_us < kRepeatAfterUs) return false;
  return alert->said_us.compare_exchange_strong(said_us, now_us);
}

}  // namespace

void AlertTrouble(const StorageFailure& failure) {
  for (TroubleAlert& alert : alerts) {
    if (alert.trouble != failure.trouble() || !TakeTurn(&alert)) continue;
    observability::Alert(alert.kind, {{observability::LogField::kDetail, std::string(failure.what())}});
  }
}

}  // namespace multihub::storage
