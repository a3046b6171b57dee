#include "http/deadline_sweeper.h"

#include <chrono>
#include <system_error>

#include "http/connection.h"
#include "http/connection_set.h"

namespace multihub::http {
namespace {

constexpr std::chrono::milliseconds kPeriod(100);

}  // namespace

std::string DeadlineSweeper::Start() {
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error& error) {
    return std::string("cannot start a thread of the HTTP front: ") + error.what();
  }
  return "";
}

void DeadlineSweeper::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void DeadlineSweeper::Run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kPeriod, [this] { return stopping_; })) {
    lock.unlock();
    const std::int64_t now_us = clock_.MonotonicUs();
    for (const auto& connection : connections_.WithDeadlineBefore(now_us)) connection->OnDeadline(now_us);
    lock.lock();
  }
}

}  // namespace multihub::http
