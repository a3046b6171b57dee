#include "net/resolver_pool.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "multihub/base/check.h"
#include "multihub/base/clock.h"
#include "net/quiet_thread.h"

namespace multihub::net {
namespace {

constexpr std::chrono::seconds kPatience{2};

}  // namespace

// Kept by every thread, so that one left behind finds what it needs.
struct ResolverPool::Shared {
  struct Worker {
    std::thread thread;
    bool ended = false;
  };

  Shared(int max, Answering answering, Delivering delivering)
      : max_threads(static_cast<std::size_t>(max)), answer(std::move(answering)), deliver(std::move(delivering)) {}

  static void Run(const std::shared_ptr<Shared>& shared, Worker* worker);
  std::optional<Question> Next(std::unique_lock<std::mutex>* lock);

  const std::size_t max_threads;
  const Answering answer;
  const base::SystemClock clock;

  std::mutex mutex;
  Delivering deliver;
  std::condition_variable asked;
  std::condition_variable worker_ended;
  std::deque<Question> questions;
  std::list<Worker> workers;
  std::size_t idle = 0;
  std::size_t running = 0;
  bool stopped = false;
};

void ResolverPool::Shared::Run(const std::shared_ptr<Shared>& shared, Worker* worker) {
  std::unique_lock lock(shared->mutex);
  while (const std::optional<Question> question = shared->Next(&lock)) {
    lock.unlock();
    JudgedTarget judged = shared->answer(*question);
    lock.lock();
    if (!shared->stopped) shared->deliver(question->key, std::move(judged));
  }
  worker->ended = true;
  --shared->running;
  shared->worker_ended.notify_all();
}

std::optional<ResolverPool::Question> ResolverPool::Shared::Next(std::unique_lock<std::mutex>* lock) {
  for (;;) {
    ++idle;
    asked.wait(*lock, [this] { return stopped || !questions.empty(); });
    --idle;
    if (stopped) return std::nullopt;
    Question question = std::move(questions.front());
    questions.pop_front();
    if (question.key.first > clock.MonotonicUs()) return question;
  }
}

ResolverPool::ResolverPool(int max_threads, Answering answer, Delivering deliver)
    : shared_(std::make_shared<Shared>(max_threads, std::move(answer), std::move(deliver))) {
  MULTIHUB_CHECK(max_threads > 0);
}

ResolverPool::~ResolverPool() { Stop(); }

void ResolverPool::Ask(Question question) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->stopped) return;
  shared_->questions.push_back(std::move(question));
  shared_->asked.notify_one();
  if (shared_->questions.size() <= shared_->idle || shared_->workers.size() == shared_->max_threads) return;
  Shared::Worker* const worker = &shared_->workers.emplace_back();
  ++shared_->running;
  worker->thread = StartQuietThread([shared = shared_, worker] { Shared::Run(shared, worker); });
}

void ResolverPool::Stop() {
  std::list<Shared::Worker> to_join;
  {
    std::unique_lock lock(shared_->mutex);
    if (std::exchange(shared_->stopped, true)) return;
    shared_->questions.clear();
    shared_->asked.notify_all();
    shared_->worker_ended.wait_for(lock, kPatience, [this] { return shared_->running == 0; });
    std::list<Shared::Worker>& workers = shared_->workers;
    for (auto worker = workers.begin(); worker != workers.end();) {
      const auto current = worker++;
      if (current->ended) {
        to_join.splice(to_join.end(), workers, current);
      } else if (current->thread.joinable()) {
        current->thread.detach();
      }
    }
  }
  for (Shared::Worker& worker : to_join) worker.thread.join();
}

}  // namespace multihub::net
