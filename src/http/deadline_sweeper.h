// One thread that tells connections when their time is up, by the monotonic clock.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "multihub/base/clock.h"

namespace multihub::http {

class ConnectionSet;

class DeadlineSweeper {
 public:
  // Both must outlive the sweeper's thread.
  DeadlineSweeper(const ConnectionSet& connections, const base::Clock& clock)
      : connections_(connections), clock_(clock) {}
  ~DeadlineSweeper() { Stop(); }
  DeadlineSweeper(const DeadlineSweeper&) = delete;
  DeadlineSweeper& operator=(const DeadlineSweeper&) = delete;

  // A sentence on failure.
  std::string Start();
  void Stop();

 private:
  void Run();

  const ConnectionSet& connections_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace multihub::http
