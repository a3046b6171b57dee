#include "cli/database_sample.h"

#include <string>

#include "multihub/storage/webhook_store.h"

namespace multihub::cli {

using observability::Metric;

DatabaseSample::DatabaseSample(storage::Access& access, const base::Clock& clock) : access_(access), clock_(clock) {}

void DatabaseSample::Tick() {
  const std::int64_t now_us = clock_.MonotonicUs();
  if (asked_us_ != 0 && now_us - asked_us_ < kEveryUs) return;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->asking) return;
    state_->asking = true;
  }
  asked_us_ = now_us;
  const bool taken = access_.Read(
      now_us,
      [state = state_, now_us](storage::Session& session) {
        Figures figures;
        figures.pending = storage::CountPending(session, kMostPending);
        figures.verification = storage::LastVerification(session);
        const std::lock_guard lock(state->mutex);
        state->figures = figures;
        state->answered_us = now_us;
        state->asking = false;
      },
      [state = state_](const std::string&) {
        const std::lock_guard lock(state->mutex);
        state->asking = false;
      });
  if (taken) return;
  const std::lock_guard lock(state_->mutex);
  state_->asking = false;
}

void DatabaseSample::Collect(observability::MetricsPage* page) const {
  Figures figures;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->answered_us == 0 || clock_.MonotonicUs() - state_->answered_us > kShownForUs) return;
    figures = state_->figures;
  }
  page->Add(Metric::kWebhookPending, {}, static_cast<double>(figures.pending));
  const auto& verification = figures.verification;
  if (verification) page->Add(Metric::kLedgerSound, {}, verification->sound ? 1 : 0);
  page->Add(Metric::kLedgerVerified, {}, verification ? static_cast<double>(verification->found_ms) / 1000 : 0);
}

}  // namespace multihub::cli
