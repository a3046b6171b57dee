#include "cli/stop_signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>

#include "multihub/base/check.h"

namespace multihub::cli {
namespace {

constexpr int kEndedBeforeDrained = 1;

}  // namespace

StopSignals::StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  MULTIHUB_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC);
  wake_ = eventfd(0, EFD_CLOEXEC);
  MULTIHUB_CHECK(signals_ >= 0 && wake_ >= 0);
  thread_ = std::thread([this] { Watch(); });
}

StopSignals::~StopSignals() {
  const std::uint64_t one = 1;
  MULTIHUB_CHECK(write(wake_, &one, sizeof(one)) == sizeof(one));
  thread_.join();
  close(wake_);
  close(signals_);
}

void StopSignals::Serving() {
  const std::lock_guard lock(mutex_);
  serving_ = true;
}

int StopSignals::Wait() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [this] { return first_ != 0; });
  return first_;
}

void StopSignals::Watch() {
  for (;;) {
    pollfd waiting[2] = {{signals_, POLLIN, 0}, {wake_, POLLIN, 0}};
    if (poll(waiting, 2, -1) < 0) continue;
    if (waiting[1].revents != 0) return;
    signalfd_siginfo info{};
    if (read(signals_, &info, sizeof(info)) == sizeof(info)) Take(static_cast<int>(info.ssi_signo));
  }
}

void StopSignals::Take(int signal) {
  const std::lock_guard lock(mutex_);
  if (!serving_) _exit(0);
  if (first_ != 0) _exit(kEndedBeforeDrained);
  first_ = signal;
  arrived_.notify_all();
}

}  // namespace multihub::cli
