// Commit lanes: the only way a running gateway writes.
//
// A lane is a thread with one session and a bounded queue. It takes all jobs that wait, up to a batch, has them written
// in one transaction by the BatchWriter, commits once, and hands the jobs to a second thread that completes them in
// order while the next batch is written. A conflict or a lost connection runs
// the whole batch again (jobs find their own effects by key); when that does not help, jobs are run one by one, so that
// one that cannot be stored never hurts its neighbours.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "multihub/base/clock.h"
#include "multihub/observability/metrics.h"
#include "multihub/storage/database.h"
#include "multihub/storage/session.h"

namespace multihub::storage {

class LaneJob {
 public:
  virtual ~LaneJob() = default;
  // Its effects, or its refusal, are durable. This and Failed run on the lane's completing thread, one after the other
  // in the order of commit; quick; must not throw. The job is destroyed afterwards.
  virtual void Committed() = 0;
  // The storage did not do it in time. When `outcome_unknown`, it may have happened all the same (the connection was
  // lost during COMMIT); else it has not and never will.
  virtual void Failed(bool outcome_unknown, const std::string& internal) = 0;

  // base::Clock::MonotonicUs() at which the work was asked for; 0: set by Submit.
  std::int64_t received_us = 0;
};

class BatchWriter {
 public:
  virtual ~BatchWriter() = default;
  // Writes the effects of all jobs into the open transaction of `session` and notes each job's outcome in the job. May
  // be called again for the same jobs after a rollback, or after a commit nobody knows the end of. Throws
  // StorageFailure.
  virtual void Write(Session& session, std::span<LaneJob* const> jobs) = 0;
};

struct LaneOptions {
  std::size_t max_batch = 64;
  std::size_t max_queue = 4096;  // per lane and kind
  int statement_timeout_s = 8;
  std::size_t wal_pages = kWalPages;
  std::int64_t give_up_ms = 9'500;        // a job not stored by then, counted from received_us, fails
  std::int64_t never_commit_ms = 25'000;  // no COMMIT is sent for a job older than this
};

// Merchant calls go first; a quarter of every batch is kept for background work while there is some.
enum class LaneKind { kMerchant, kBackground };

class CommitLane {
 public:
  CommitLane(const Database& database, BatchWriter& writer, LaneOptions options, std::string name);
  ~CommitLane();

  // False, and the job is handed back untouched in `*job`, when the lane is full or stopped.
  bool Submit(std::unique_ptr<LaneJob>* job, LaneKind kind);
  // Runs out the queue, completes all jobs and joins. Later Submits are refused.
  void Stop();

  struct Counters {
    std::uint64_t commits = 0, jobs = 0, retries = 0, singles = 0, failed = 0;
    std::size_t queued = 0;
  };
  Counters counters() const;
  // The lane's metrics; its name is their label.
  void Collect(observability::MetricsPage* page) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace multihub::storage
