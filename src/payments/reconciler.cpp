#include "payments/reconciler.h"

#include <unordered_map>
#include <vector>

#include "multihub/observability/log.h"
#include "payments/ask_schedule.h"

namespace multihub::payments {
namespace {

using observability::LogField;

constexpr int kTasksPerPoll = 256;

// True for the one claim that finds the payment stuck: the claim before it was made earlier than the limit.
bool BecomesStuck(const storage::ProviderTask& task, const domain::Payment& payment, base::UnixMs now_ms) {
  const base::UnixMs stuck_at = payment.created_ms + kStuckAfterMs;
  const base::UnixMs claimed_before = task.due_ms - PauseBeforeAskMs(task.asks, payment.test);
  return now_ms >= stuck_at && claimed_before < stuck_at;
}

}  // namespace

Reconciler::Reconciler(storage::ReaderPool& readers, const base::Clock& clock, std::int64_t poll_ms, Hooks hooks)
    : readers_(readers), clock_(clock), poll_ms_(poll_ms), hooks_(std::move(hooks)) {}

Reconciler::~Reconciler() { Stop(); }

void Reconciler::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Reconciler::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Reconciler::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    const bool idle = !polling_ && open_claims_ == 0;
    if (idle) claimed_some_ = false;
    lock.unlock();
    hooks_.tick();
    if (idle) Poll();
    lock.lock();
    // At once when there is more, unless nothing could be claimed: then the lanes are full.
    wake_.wait_for(lock, std::chrono::milliseconds(poll_ms_),
                   [this] { return stopping_ || (!polling_ && open_claims_ == 0 && !found_all_ && claimed_some_); });
  }
  // A poll under way still uses this object.
  wake_.wait(lock, [this] { return !polling_; });
}

void Reconciler::Poll() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    polling_ = true;
  }
  const bool taken = readers_.Submit(
      clock_.MonotonicUs(), [this](storage::Session& session) { Found(session); },
      [this](const std::string&) { PollDone(); });
  if (!taken) PollDone();
}

void Reconciler::Found(storage::Session& session) {
  const base::UnixMs now_ms = clock_.NowMs();
  const std::vector<storage::ProviderTask> tasks = storage::DueTasks(session, now_ms, kTasksPerPoll);
  std::vector<std::string> ids;
  for (const storage::ProviderTask& task : tasks) ids.push_back(task.h_id);
  std::unordered_map<std::string, domain::Payment> payments;
  for (domain::Payment& p : storage::FindByIds(session, ids)) {
    std::string h_id = p.h_id;
    payments.emplace(std::move(h_id), std::move(p));
  }
  last_answer_us_ = clock_.MonotonicUs();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_claims_ = payments.size();
    found_all_ = tasks.size() < kTasksPerPoll;
  }
  for (const storage::ProviderTask& task : tasks) {
    const auto found = payments.find(task.h_id);
    if (found != payments.end()) Claim(task, found->second, now_ms);
  }
  PollDone();
}

void Reconciler::Claim(const storage::ProviderTask& task, const domain::Payment& payment, base::UnixMs now_ms) {
  auto job = std::make_unique<ClaimJob>();
  job->task = task;
  job->next_due_ms = now_ms + PauseBeforeAskMs(task.asks + 1, payment.test);
  const bool becomes_stuck = BecomesStuck(task, payment, now_ms);
  job->done = [this, payment, becomes_stuck](bool claimed) {
    ClaimEnded(claimed);
    if (!claimed) return;
    if (becomes_stuck) observability::Alert("payment_stuck", {{LogField::kPaymentId, payment.h_id}});
    hooks_.ask(payment);
  };
  // A full lane: the task stays due.
  if (!hooks_.submit(std::move(job))) ClaimEnded(false);
}

// Both notify under the lock: the waiter may be the destructor.
void Reconciler::PollDone() {
  const std::lock_guard<std::mutex> lock(mutex_);
  polling_ = false;
  wake_.notify_all();
}

void Reconciler::ClaimEnded(bool claimed) {
  if (claimed) last_answer_us_ = clock_.MonotonicUs();
  const std::lock_guard<std::mutex> lock(mutex_);
  claimed_some_ = claimed_some_ || claimed;
  if (--open_claims_ == 0) wake_.notify_all();
}

}  // namespace multihub::payments
