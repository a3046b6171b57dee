// Keeps the directory in memory equal to the one in the database, and knows whether the database can be trusted with
// traffic: it answers, has the schema this program needs, the master key's seal, a clock near ours, room on its disk.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/database_clock.h"
#include "multihub/auth/directory.h"
#include "multihub/base/sealing.h"
#include "multihub/domain/route.h"
#include "multihub/observability/metrics.h"
#include "multihub/storage/session.h"

namespace multihub::cli {

// The disk of an SQLite file.
struct DiskRoom {
  std::string path;  // of the file; empty: there is none
  std::int64_t min_free_mb = 0;
};

class DirectoryRefresher {
 public:
  // All references outlive the object. `session` is its own from now on. `engine_not_ready` may wait; it is asked on
  // the refresher's thread.
  DirectoryRefresher(std::unique_ptr<storage::Session> session, const base::MasterKey& key, auth::DirectoryCache& cache,
                     DatabaseClock& clock, DiskRoom disk, std::function<std::string()> engine_not_ready);
  ~DirectoryRefresher();

  // Loads the first snapshot; throws StorageFailure. Then polls on a thread.
  void Start();
  void Stop();

  // Empty, or why this process should get no traffic. Never waits: a database that has kept the refresher waiting for
  // too long does not answer.
  std::string NotReady() const;

  // The routes as they were last read; `enabled` is false for those of a provider that is switched off, too. Any
  // thread.
  std::vector<domain::Route> Routes() const;
  // The clock's offset, the room on the disk.
  void Collect(observability::MetricsPage* page) const;

 private:
  void AwaitEngine();
  void Loop();
  void Poll();
  void LoadIfMoved();
  void KeepRoutes(const storage::DirectoryRows& rows);
  std::string Judge();
  std::string JudgeSchema();
  std::string JudgeDisk();
  std::string JudgeClock();
  void SetNotReady(const std::string& reason);
  // False when it is time to stop.
  bool Pause();

  std::unique_ptr<storage::Session> session_;
  const base::MasterKey& key_;
  auth::DirectoryCache& cache_;
  DatabaseClock& clock_;
  const DiskRoom disk_;
  const std::function<std::string()> engine_not_ready_;
  bool connected_ = true;
  std::atomic<std::int64_t> judged_us_{0};    // base::Clock::MonotonicUs() of the last judgement
  std::atomic<std::int64_t> free_bytes_{-1};  // -1: not known

  mutable std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
  std::string not_ready_;
  std::vector<domain::Route> routes_;
  std::thread thread_;
};

}  // namespace multihub::cli
