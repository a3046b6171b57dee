// Finds payments whose provider owes a word and has them asked for: on the schedule, for every process alike. A task is
// claimed by compare-and-set before it is worked on, so several gateways share the work without a leader.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "multihub/base/clock.h"
#include "multihub/storage/commit_lane.h"
#include "multihub/storage/payment_store.h"
#include "multihub/storage/reader_pool.h"
#include "payments/jobs.h"

namespace multihub::payments {

class Reconciler {
 public:
  struct Hooks {
    // Hands a claim to the lane of its application; false when the lane is full.
    std::function<bool(std::unique_ptr<ClaimJob>)> submit;
    // A claimed payment: ask its provider.
    std::function<void(domain::Payment)> ask;
    // Runs with every poll (every `poll_ms`), on the reconciler's thread.
    std::function<void()> tick;
  };

  // `clock` gives database time.
  Reconciler(storage::ReaderPool& readers, const base::Clock& clock, std::int64_t poll_ms, Hooks hooks);
  ~Reconciler();

  void Start();
  void Stop();

  // base::Clock::MonotonicUs() of the last poll the database answered; 0: none yet.
  std::int64_t last_answer_us() const { return last_answer_us_; }

 private:
  void Run();
  void Poll();
  void Found(storage::Session& session);
  void Claim(const storage::ProviderTask& task, const domain::Payment& payment, base::UnixMs now_ms);
  void PollDone();
  void ClaimEnded(bool claimed);

  storage::ReaderPool& readers_;
  const base::Clock& clock_;
  const std::int64_t poll_ms_;
  const Hooks hooks_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool polling_ = false;
  std::size_t open_claims_ = 0;  // of the last poll: what they hold would be found due again
  bool claimed_some_ = false;    // … and came to something
  bool found_all_ = true;        // the last poll saw everything that was due
  std::atomic<std::int64_t> last_answer_us_{0};
  std::thread thread_;
};

}  // namespace multihub::payments
