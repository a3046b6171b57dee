// What the metrics page says about the database: looked up now and then, whether or not somebody scrapes, so that no
// scrape ever asks the database for anything.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "multihub/base/clock.h"
#include "multihub/observability/metrics.h"
#include "multihub/storage/access.h"
#include "multihub/storage/ledger_store.h"

namespace multihub::cli {

// Thread safe. What it asked for last may be answered after it is gone.
class DatabaseSample {
 public:
  static constexpr std::int64_t kEveryUs = 5'000'000;
  // An older answer is not shown: nobody knows what is true now.
  static constexpr std::int64_t kShownForUs = 60'000'000;
  static constexpr std::int64_t kMostPending = 100'000;

  // Both outlive the object.
  DatabaseSample(storage::Access& access, const base::Clock& clock);

  // Called often, by one thread; asks a reader when it is time to, and never waits.
  void Tick();
  void Collect(observability::MetricsPage* page) const;

 private:
  struct Figures {
    std::int64_t pending = 0;
    std::optional<storage::LedgerVerification> verification;
  };
  // Shared with the reader.
  struct State {
    std::mutex mutex;
    bool asking = false;
    std::int64_t answered_us = 0;  // 0: never
    Figures figures;
  };

  storage::Access& access_;
  const base::Clock& clock_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  std::int64_t asked_us_ = 0;
};

}  // namespace multihub::cli
