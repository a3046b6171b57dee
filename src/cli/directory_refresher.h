// Keeps the directory in memory equal to the one in the database, and knows whether the database can be trusted with
// traffic.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "cli/database_clock.h"
#include "multihub/auth/directory.h"
#include "multihub/base/sealing.h"
#include "multihub/storage/session.h"

namespace multihub::cli {

class DirectoryRefresher {
 public:
  // All references outlive the object. `session` is its own from now on. `engine_not_ready` may wait; it is asked on
  // the refresher's thread.
  DirectoryRefresher(std::unique_ptr<storage::Session> session, const base::MasterKey& key, auth::DirectoryCache& cache,
                     DatabaseClock& clock, std::function<std::string()> engine_not_ready);
  ~DirectoryRefresher();

  // Loads the first snapshot; throws StorageFailure. Then polls on a thread.
  void Start();
  void Stop();

  // Empty, or why this process should get no traffic. Never waits.
  std::string NotReady() const;

 private:
  void AwaitEngine();
  void Loop();
  void Poll();
  void LoadIfMoved();
  std::string Judge();
  void SetNotReady(const std::string& reason);
  // False when it is time to stop.
  bool Pause();

  std::unique_ptr<storage::Session> session_;
  const base::MasterKey& key_;
  auth::DirectoryCache& cache_;
  DatabaseClock& clock_;
  const std::function<std::string()> engine_not_ready_;
  bool connected_ = true;

  mutable std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
  std::string not_ready_;
  std::thread thread_;
};

}  // namespace multihub::cli
