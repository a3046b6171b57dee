#include "bench/processors.h"

#include <stdexcept>

namespace multihub::bench {
namespace {

cpu_set_t AllowedProcessors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) throw std::runtime_error("sched_getaffinity failed");
  return allowed;
}

int AllowedProcessor(int place) {
  const cpu_set_t allowed = AllowedProcessors();
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (CPU_ISSET(processor, &allowed) && place-- == 0) return processor;
  }
  throw std::runtime_error("gateway and generator need a processor each");
}

}  // namespace

int GatewayProcessor() { return AllowedProcessor(0); }

int GeneratorProcessor() { return AllowedProcessor(1); }

std::vector<std::string> RunOn(int processor) { return {"taskset", "--cpu-list", std::to_string(processor)}; }

PinnedThread::PinnedThread(int processor) : before_(AllowedProcessors()) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(processor, &only);
  if (::sched_setaffinity(0, sizeof only, &only) != 0) throw std::runtime_error("sched_setaffinity failed");
}

PinnedThread::~PinnedThread() { ::sched_setaffinity(0, sizeof before_, &before_); }

}  // namespace multihub::bench
