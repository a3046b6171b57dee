#include "multihub/storage/commit_lane.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <thread>

#include "multihub/base/check.h"
#include "multihub/observability/log.h"
#include "storage/checkpointer.h"

namespace multihub::storage {
namespace {

using observability::Log;
using observability::LogField;
using observability::LogLevel;
using observability::Metric;
using Jobs = std::vector<std::unique_ptr<LaneJob>>;

// While the database cannot be reached at all, a batch fails after this long instead of holding every call for the
// whole deadline.
constexpr std::int64_t kUnreachableMs = 1'500;
constexpr int kBatchAttempts = 6;
// Batches that may wait for their completion; then the lane waits too.
constexpr std::size_t kMaxEnded = 4;

std::int64_t NowUs() { return base::SystemClock().MonotonicUs(); }

void SleepMs(std::int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

}  // namespace

class CommitLane::Impl {
 public:
  Impl(const Database& database, BatchWriter& writer, LaneOptions options, std::string name)
      : database_(database), writer_(writer), options_(options), name_(std::move(name)) {
    if (database.engine() == Engine::kSqlite) {
      checkpointer_ = std::make_unique<Checkpointer>(database, options.wal_pages);
    }
    completing_thread_ = std::thread([this] { RunCompletions(); });
    thread_ = std::thread([this] { Run(); });
  }

  ~Impl() { Stop(); }

  bool Submit(std::unique_ptr<LaneJob>* job, LaneKind kind) {
    if ((*job)->received_us == 0) (*job)->received_us = NowUs();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      std::deque<std::unique_ptr<LaneJob>>& queue = kind == LaneKind::kMerchant ? merchant_ : background_;
      if (stopping_ || queue.size() >= options_.max_queue) return false;
      queue.push_back(std::move(*job));
    }
    wake_.notify_one();
    return true;
  }

  void Stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    {
      const std::lock_guard<std::mutex> lock(ended_mutex_);
      lane_ended_ = true;
    }
    ended_wake_.notify_all();
    if (completing_thread_.joinable()) completing_thread_.join();
  }

  Counters counters() const {
    Counters c;
    c.commits = batches_.figures().count();
    c.jobs = jobs_.value();
    c.retries = retries_.value();
    c.singles = singles_.value();
    c.failed = failed_.value();
    const std::lock_guard<std::mutex> lock(mutex_);
    c.queued = merchant_.size() + background_.size();
    return c;
  }

  void Collect(observability::MetricsPage* page) const {
    std::size_t merchant = 0, background = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      merchant = merchant_.size();
      background = background_.size();
    }
    page->Add(Metric::kLaneQueue, {name_, "merchant"}, static_cast<double>(merchant));
    page->Add(Metric::kLaneQueue, {name_, "background"}, static_cast<double>(background));
    page->Add(Metric::kLaneBatch, {name_}, batches_.figures());
    page->Add(Metric::kLaneTransactionTime, {name_}, transactions_.figures());
    page->Add(Metric::kLaneCommitTime, {name_}, commit_times_.figures());
    page->Add(Metric::kLaneJobs, {name_, "committed"}, jobs_);
    page->Add(Metric::kLaneJobs, {name_, "failed"}, failed_);
    page->Add(Metric::kLaneRetries, {name_}, retries_);
    page->Add(Metric::kLaneDeadlocks, {name_}, deadlocks_);
  }

 private:
  enum class End { kCommitted, kFailed, kUnknown };
  struct Ended {
    Jobs jobs;
    End end = End::kFailed;
    std::string why;
  };

  void Run() {
    for (;;) {
      Jobs batch = Take();
      if (batch.empty()) return;
      RunBatch(std::move(batch));
      if (checkpointer_ && session_) checkpointer_->BetweenTransactions(*session_, wal_pages_);
    }
  }

  // Waits for work; empty when stopping and nothing is left.
  Jobs Take() {
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !merchant_.empty() || !background_.empty(); });
    Jobs batch;
    const std::size_t reserved = std::min(background_.size(), std::max<std::size_t>(options_.max_batch / 4, 1));
    Move(&merchant_, options_.max_batch > reserved ? options_.max_batch - reserved : 1, &batch);
    if (batch.size() < options_.max_batch) Move(&background_, options_.max_batch - batch.size(), &batch);
    return batch;
  }

  static void Move(std::deque<std::unique_ptr<LaneJob>>* from, std::size_t most, Jobs* to) {
    for (; most > 0 && !from->empty(); --most) {
      to->push_back(std::move(from->front()));
      from->pop_front();
    }
  }

  void RunBatch(Jobs batch) {
    FailOverdue(&batch);
    if (batch.empty()) return;
    std::string why;
    const End end = Attempt(batch, kBatchAttempts, &why);
    if (end != End::kFailed || batch.size() == 1 || unreachable_) {
      Finish({std::move(batch), end, std::move(why)});
      return;
    }
    for (std::unique_ptr<LaneJob>& job : batch) {
      singles_.Add();
      Jobs one;
      one.push_back(std::move(job));
      const End single = Attempt(one, kBatchAttempts, &why);
      Finish({std::move(one), single, why});
    }
  }

  // Already answered by the call's own deadline: storing it now would only surprise.
  void FailOverdue(Jobs* batch) {
    const std::int64_t limit = NowUs() - options_.give_up_ms * 1000;
    const auto overdue =
        std::stable_partition(batch->begin(), batch->end(), [&](const auto& job) { return job->received_us > limit; });
    if (overdue == batch->end()) return;
    Jobs late(std::make_move_iterator(overdue), std::make_move_iterator(batch->end()));
    batch->erase(overdue, batch->end());
    Finish({std::move(late), End::kFailed, "waited too long in lane " + name_});
  }

  // Hands the jobs over for completion.
  void Finish(Ended ended) {
    (ended.end == End::kCommitted ? jobs_ : failed_).Add(ended.jobs.size());
    std::unique_lock<std::mutex> lock(ended_mutex_);
    ended_wake_.wait(lock, [this] { return ended_.size() < kMaxEnded; });
    ended_.push_back(std::move(ended));
    lock.unlock();
    ended_wake_.notify_all();
  }

  void RunCompletions() {
    for (;;) {
      std::unique_lock<std::mutex> lock(ended_mutex_);
      ended_wake_.wait(lock, [this] { return lane_ended_ || !ended_.empty(); });
      if (ended_.empty()) return;
      const Ended ended = std::move(ended_.front());
      ended_.pop_front();
      lock.unlock();
      ended_wake_.notify_all();
      for (const std::unique_ptr<LaneJob>& job : ended.jobs) {
        if (ended.end == End::kCommitted) {
          job->Committed();
        } else {
          job->Failed(ended.end == End::kUnknown, ended.why);
        }
      }
    }
  }

  static std::int64_t OldestUs(const Jobs& batch) {
    std::int64_t oldest = batch.front()->received_us;
    for (const auto& job : batch) oldest = std::min(oldest, job->received_us);
    return oldest;
  }

  End Attempt(const Jobs& batch, int attempts, std::string* why) {
    std::vector<LaneJob*> jobs;
    jobs.reserve(batch.size());
    for (const auto& job : batch) jobs.push_back(job.get());
    const std::int64_t oldest_us = OldestUs(batch);
    const std::int64_t give_up_us = oldest_us + options_.give_up_ms * 1000;
    const std::int64_t started_us = NowUs();
    bool unknown = false;
    for (int attempt = 0;; ++attempt) {
      bool committing = false;
      try {
        EnsureSession();
        const std::int64_t begun_us = NowUs();
        session_->Begin();
        writer_.Write(*session_, jobs);
        const std::int64_t written_us = NowUs();
        if (written_us - oldest_us > options_.never_commit_ms * 1000) {
          session_->Rollback();
          *why = "too old to commit";
          return unknown ? End::kUnknown : End::kFailed;
        }
        committing = true;
        session_->Commit();
        Observe(jobs.size(), begun_us, written_us);
        return End::kCommitted;
      } catch (const StorageFailure& failure) {
        *why = failure.what();
        AlertTrouble(failure);
        const bool lost = failure.kind() == StorageFailure::Kind::kLost;
        if (lost && committing) unknown = true;
        if (failure.kind() == StorageFailure::Kind::kConflict) deadlocks_.Add();
        if (!Recover(failure.kind())) return unknown ? End::kUnknown : End::kFailed;
        // Never given up while the outcome of a COMMIT is open: the answer is found by running it again.
        const std::int64_t now = NowUs();
        const bool out_of_time =
            now >= give_up_us || (unreachable_ && !unknown && now - started_us > kUnreachableMs * 1000);
        if (out_of_time || (!unknown && !unreachable_ && attempt + 1 >= attempts)) {
          return unknown ? End::kUnknown : End::kFailed;
        }
        retries_.Add();
        SleepMs(std::int64_t{1} << std::min(attempt, 5));
      } catch (const std::exception& e) {
        // Our own mistake (or memory): nothing of this batch is stored.
        *why = e.what();
        if (session_) session_->Rollback();
        return unknown ? End::kUnknown : End::kFailed;
      }
    }
  }

  void Observe(std::size_t jobs, std::int64_t begun_us, std::int64_t written_us) {
    const std::int64_t now_us = NowUs();
    batches_.Observe(static_cast<std::int64_t>(jobs));
    transactions_.Observe(now_us - begun_us);
    commit_times_.Observe(now_us - written_us);
  }

  // Makes the session usable again; false when running the same batch again is pointless.
  bool Recover(StorageFailure::Kind kind) {
    if (kind == StorageFailure::Kind::kLost) {
      session_.reset();
      return true;
    }
    if (session_) session_->Rollback();
    return kind == StorageFailure::Kind::kConflict || kind == StorageFailure::Kind::kDuplicate;
  }

  void EnsureSession() {
    if (session_) return;
    SessionOptions options;
    options.statement_timeout_s = options_.statement_timeout_s;
    if (checkpointer_) options.on_wal_pages = [this](std::size_t pages) { wal_pages_ = pages; };
    try {
      session_ = database_.Open(options);
    } catch (const StorageFailure& failure) {
      if (!unreachable_) {
        Log(LogLevel::kError, "database_unreachable",
            {{LogField::kLane, name_}, {LogField::kDetail, std::string(failure.what())}});
      }
      unreachable_ = true;
      throw StorageFailure(StorageFailure::Kind::kLost, failure.what(), failure.trouble());
    }
    if (unreachable_) Log(LogLevel::kWarn, "database_reachable_again", {{LogField::kLane, name_}});
    unreachable_ = false;
  }

  const Database& database_;
  BatchWriter& writer_;
  const LaneOptions options_;
  const std::string name_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<LaneJob>> merchant_, background_;
  bool stopping_ = false;

  // The lane thread's own.
  std::unique_ptr<Session> session_;
  std::size_t wal_pages_ = 0;
  bool unreachable_ = false;
  std::unique_ptr<Checkpointer> checkpointer_;

  std::mutex ended_mutex_;
  std::condition_variable ended_wake_;
  std::deque<Ended> ended_;
  bool lane_ended_ = false;

  observability::Counter jobs_, retries_, deadlocks_, singles_, failed_;
  observability::Histogram<observability::kBatchScale> batches_;
  observability::Histogram<observability::kCommitScale> transactions_, commit_times_;
  std::thread completing_thread_, thread_;
};

CommitLane::CommitLane(const Database& database, BatchWriter& writer, LaneOptions options, std::string name)
    : impl_(std::make_unique<Impl>(database, writer, options, std::move(name))) {}
CommitLane::~CommitLane() = default;
bool CommitLane::Submit(std::unique_ptr<LaneJob>* job, LaneKind kind) { return impl_->Submit(job, kind); }
void CommitLane::Stop() { impl_->Stop(); }
CommitLane::Counters CommitLane::counters() const { return impl_->counters(); }
void CommitLane::Collect(observability::MetricsPage* page) const { impl_->Collect(page); }

}  // namespace multihub::storage
