#include "cli/database_clock.h"

#include <cstdlib>

namespace multihub::cli {
namespace {

constexpr std::int64_t kToleratedMs = 20;

}  // namespace

void DatabaseClock::Correct(base::UnixMs database_ms, base::UnixMs asked_ms, base::UnixMs answered_ms) {
  const std::int64_t way_ms = answered_ms - asked_ms;
  const std::int64_t measured = database_ms - (asked_ms + way_ms / 2);
  if (std::llabs(measured - offset_ms_.load()) > kToleratedMs + way_ms) offset_ms_.store(measured);
}

void DatabaseClock::Measure(storage::Session& session) {
  if (session.engine() == storage::Engine::kSqlite) return;  // its clock is this machine's
  const base::UnixMs asked = system_.NowMs();
  const base::UnixMs database = session.DatabaseNowMs();
  Correct(database, asked, system_.NowMs());
}

}  // namespace multihub::cli
