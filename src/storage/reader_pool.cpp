#include "multihub/storage/reader_pool.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "multihub/base/clock.h"

namespace multihub::storage {
namespace {

std::int64_t NowUs() { return base::SystemClock().MonotonicUs(); }

// As for the lanes: an unreachable database is reported soon, not at the end of the call's time.
constexpr std::int64_t kUnreachableMs = 1'500;

struct Task {
  std::int64_t received_us = 0;
  std::function<void(Session&)> read;
  std::function<void(const std::string&)> failed;
};

}  // namespace

class ReaderPool::Impl {
 public:
  Impl(const Database& database, ReaderOptions options) : database_(database), options_(options) {
    for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Run(); });
  }
  ~Impl() { Stop(); }

  bool Submit(Task task) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_ || queue_.size() >= options_.max_queue) return false;
      queue_.push_back(std::move(task));
    }
    wake_.notify_one();
    return true;
  }

  void Collect(observability::MetricsPage* page) const {
    std::size_t queued = 0;
    int busy = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      queued = queue_.size();
      busy = busy_;
    }
    page->Add(observability::Metric::kReaders, {}, options_.threads);
    page->Add(observability::Metric::kReadersBusy, {}, busy);
    page->Add(observability::Metric::kReaderQueue, {}, static_cast<double>(queued));
  }

  void Stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

 private:
  void Run() {
    std::unique_ptr<Session> session;
    for (bool worked = false;; worked = true) {
      Task task;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        if (worked) --busy_;
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        task = std::move(queue_.front());
        queue_.pop_front();
        ++busy_;
      }
      RunTask(&session, task);
    }
  }

  void RunTask(std::unique_ptr<Session>* session, const Task& task) {
    const std::int64_t give_up_us = task.received_us + options_.give_up_ms * 1000;
    const std::int64_t started_us = NowUs();
    std::string why = "waited too long for a reader";
    for (int attempt = 0; NowUs() < give_up_us; ++attempt) {
      try {
        if (!*session) *session = Open();
        task.read(**session);
        return;
      } catch (const StorageFailure& failure) {
        why = failure.what();
        AlertTrouble(failure);
        const bool lost = failure.kind() == StorageFailure::Kind::kLost;
        if (lost) session->reset();
        if (!lost && failure.kind() != StorageFailure::Kind::kConflict) break;
        if (NowUs() - started_us > kUnreachableMs * 1000) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(std::int64_t{1} << std::min(attempt, 5)));
      } catch (const std::exception& e) {
        // Our own mistake (or memory): this call fails, the reader goes on.
        why = e.what();
        session->reset();
        break;
      }
    }
    task.failed(why);
  }

  std::unique_ptr<Session> Open() {
    SessionOptions options;
    options.statement_timeout_s = options_.statement_timeout_s;
    options.read_only = true;
    try {
      return database_.Open(options);
    } catch (const StorageFailure& failure) {
      throw StorageFailure(StorageFailure::Kind::kLost, failure.what(), failure.trouble());
    }
  }

  const Database& database_;
  const ReaderOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  int busy_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

ReaderPool::ReaderPool(const Database& database, ReaderOptions options)
    : impl_(std::make_unique<Impl>(database, options)) {}
ReaderPool::~ReaderPool() = default;
bool ReaderPool::Submit(std::int64_t received_us, std::function<void(Session&)> read,
                        std::function<void(const std::string&)> failed) {
  return impl_->Submit({received_us, std::move(read), std::move(failed)});
}
void ReaderPool::Stop() { impl_->Stop(); }
void ReaderPool::Collect(observability::MetricsPage* page) const { impl_->Collect(page); }

}  // namespace multihub::storage
