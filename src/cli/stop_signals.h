// SIGTERM and SIGINT as a request to stop.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace multihub::cli {

// Make it before any other thread: it blocks the two signals, and every later thread inherits that. The first signal
// releases Wait; a second one ends the process at once. Until Serving was called already the first one ends it: there
// is nothing to drain.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  void Serving();
  // Returns the number of the first signal.
  int Wait();

 private:
  void Watch();
  void Take(int signal);

  int signals_ = -1;  // descriptors
  int wake_ = -1;
  std::mutex mutex_;
  std::condition_variable arrived_;
  bool serving_ = false;
  int first_ = 0;
  std::thread thread_;
};

}  // namespace multihub::cli
