// Where things run, for measures whose parts must not take processor time from each other.
#pragma once

#include <sched.h>

#include <string>
#include <vector>

namespace multihub::bench {

// The first and the second of the processors that this process may use. Throws when it may use only one.
int GatewayProcessor();
int GeneratorProcessor();

// A program that runs another on that processor alone: what comes before the other's name and arguments.
std::vector<std::string> RunOn(int processor);

// Keeps the calling thread on a processor, until destroyed by the same thread.
class PinnedThread {
 public:
  explicit PinnedThread(int processor);
  ~PinnedThread();
  PinnedThread(const PinnedThread&) = delete;
  PinnedThread& operator=(const PinnedThread&) = delete;

 private:
  cpu_set_t before_;
};

}  // namespace multihub::bench
