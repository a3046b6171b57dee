#include "storage/checkpointer.h"

#include "multihub/observability/log.h"

namespace multihub::storage {
namespace {

// The writer takes over when no more than this share of the log is left, or after so many rounds: on a disk slower than
// the writer the rest does not get smaller.
constexpr std::size_t kRestShare = 8;
constexpr int kMaxRounds = 4;
// With the thread behind by so many times the log's length the writer waits for it: the log grows no further.
constexpr std::size_t kMostTimes = 8;

// Writes back what no reader still needs from the log, waiting for nobody. Returns how many pages are left in it.
std::size_t WriteBack(Session& session) {
  std::int64_t left = 0;
  session.Query("PRAGMA wal_checkpoint(PASSIVE)", "iii", {},
                [&](const Row& row) { left = row.integer(1) - row.integer(2); });
  return left > 0 ? static_cast<std::size_t>(left) : 0;
}

}  // namespace

Checkpointer::Checkpointer(const Database& database, std::size_t wal_pages)
    : database_(database), wal_pages_(wal_pages), due_pages_(wal_pages), thread_([this] { Run(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Checkpointer::BetweenTransactions(Session& writer, std::size_t pages) {
  const bool begun_anew = pages < pages_;
  pages_ = pages;
  if (begun_anew) due_pages_ = wal_pages_;
  if (pages < due_pages_ || !IsWritersTurn(pages)) return;
  std::size_t left = pages;
  try {
    left = WriteBack(writer);
  } catch (const StorageFailure&) {
  }
  if (left > 0) due_pages_ = pages + wal_pages_;
}

bool Checkpointer::IsWritersTurn(std::size_t pages) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (phase_ == Phase::kIdle) {
    phase_ = Phase::kAsked;
    wake_.notify_one();
  }
  // Two cannot write back at once, so doing it here meanwhile would do nothing.
  if (pages >= due_pages_ + wal_pages_ * kMostTimes) {
    nearly_done_.wait(lock, [this] { return phase_ == Phase::kNearlyDone; });
  }
  if (phase_ != Phase::kNearlyDone) return false;
  phase_ = Phase::kIdle;
  return true;
}

void Checkpointer::Run() {
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || phase_ == Phase::kAsked; });
      if (stopping_) return;
    }
    try {
      WriteBackMost();
    } catch (const StorageFailure& failure) {
      session_.reset();
      AlertTrouble(failure);
      observability::Log(observability::LogLevel::kWarn, "checkpoint_failed",
                         {{observability::LogField::kDetail, std::string(failure.what())}});
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      phase_ = Phase::kNearlyDone;
    }
    nearly_done_.notify_one();
  }
}

void Checkpointer::WriteBackMost() {
  if (!session_) session_ = database_.Open();
  for (int round = 0; round < kMaxRounds; ++round) {
    if (WriteBack(*session_) <= wal_pages_ / kRestShare) return;
  }
}

}  // namespace multihub::storage
