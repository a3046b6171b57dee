// Threads that no signal interrupts.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <thread>
#include <utility>

namespace multihub::net {

// Signals belong to the threads that wait for them; and with SIGPIPE blocked, a peer that went away is an error of the
// write and not the end of the process.
template <typename Function>
std::thread StartQuietThread(Function&& function) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::forward<Function>(function));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace multihub::net
