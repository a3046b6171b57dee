#include "payments/provider_runner.h"

#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "multihub/observability/log.h"
#include "payments/accept_payment.h"
#include "payments/circuit_breaker.h"

namespace multihub::payments {
namespace {

using domain::Payment;
using observability::Log;
using observability::LogField;
using observability::LogLevel;
using observability::Metric;
using providers::Report;
using providers::ReportedState;

constexpr std::int64_t kProviderTimeoutMs = 7'000;
constexpr std::size_t kStates = static_cast<std::size_t>(ReportedState::kCanceled) + 1;

}  // namespace

class ProviderRunner::Impl {
 public:
  Impl(std::vector<providers::Provider*> providers, int workers, std::size_t max_queue, const base::MasterKey& key,
       Done done)
      : max_queue_(max_queue), key_(key), done_(std::move(done)) {
    for (providers::Provider* provider : providers) adapters_[provider->name()].provider = provider;
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { Run(); });
  }
  ~Impl() { Stop(); }

  providers::Provider* Find(const std::string& name) const {
    const auto found = adapters_.find(name);
    return found == adapters_.end() ? nullptr : found->second.provider;
  }

  bool IsUnavailable(const std::string& name) const {
    const auto found = adapters_.find(name);
    return found != adapters_.end() && found->second.breaker.IsOpen(clock_.MonotonicUs());
  }

  bool Push(Payment payment, bool ask) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_ || queue_.size() >= max_queue_) return false;
      queue_.push_back({std::move(payment), ask});
      if (waking_) return true;
      waking_ = true;
    }
    wake_.notify_one();
    return true;
  }

  void Collect(observability::MetricsPage* page) const {
    for (const auto& [name, adapter] : adapters_) {
      CollectCalls(name, "start", adapter.starts, page);
      CollectCalls(name, "state", adapter.asks, page);
      page->Add(Metric::kProviderBreakerOpen, {name}, adapter.breaker.IsOpen(clock_.MonotonicUs()) ? 1 : 0);
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    page->Add(Metric::kProviderQueue, {}, static_cast<double>(queue_.size()));
  }

  void Stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      queue_.clear();
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

 private:
  struct CallMetrics {
    std::array<observability::Counter, kStates> outcomes;  // by ReportedState
    observability::Histogram<observability::kCallScale> durations;
  };
  struct Adapter {
    providers::Provider* provider = nullptr;
    CircuitBreaker breaker;
    CallMetrics starts, asks;
  };
  struct Work {
    Payment payment;
    bool ask = false;
  };

  void Run() {
    for (;;) {
      Work work;
      bool wake_next = false;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (stopping_) return;
        work = std::move(queue_.front());
        queue_.pop_front();
        // One worker is woken at a time, and wakes the next while there is more: a provider that answers at once is
        // served by few, a slow one by all.
        waking_ = !queue_.empty();
        wake_next = waking_;
      }
      if (wake_next) wake_.notify_one();
      RunWork(std::move(work));
    }
  }

  void RunWork(Work work) {
    const auto found = adapters_.find(work.payment.provider);
    if (found == adapters_.end()) {
      Log(LogLevel::kError, "provider_missing",
          {{LogField::kPaymentId, work.payment.h_id}, {LogField::kProvider, work.payment.provider}});
      return;
    }
    Adapter& adapter = found->second;
    const char* source = work.ask ? "state" : "start";
    Report report = work.ask ? Ask(&adapter, work.payment) : Start(&adapter, work.payment);
    if (work.ask && report.state == ReportedState::kNotKnown) {
      source = "start";
      report = Start(&adapter, work.payment);
    }
    if (report.state == ReportedState::kNoAnswer) {
      adapter.breaker.NotAnswered(clock_.MonotonicUs());
    } else {
      adapter.breaker.Answered();
    }
    done_(std::move(work.payment), report, source);
  }

  using Call = Report (providers::Provider::*)(const Payment&, std::int64_t);

  // An adapter that throws has not answered: nobody knows what the provider did.
  Report Measured(CallMetrics* metrics, providers::Provider& provider, Call call, const Payment& payment) const {
    const std::int64_t begun_us = clock_.MonotonicUs();
    Report report;
    try {
      report = (provider.*call)(payment, kProviderTimeoutMs);
    } catch (const std::exception& e) {
      Log(LogLevel::kError, "provider_threw",
          {{LogField::kPaymentId, payment.h_id}, {LogField::kDetail, std::string(e.what())}});
      report = {};
    }
    metrics->durations.Observe(clock_.MonotonicUs() - begun_us);
    metrics->outcomes[static_cast<std::size_t>(report.state)].Add();
    return report;
  }

  Report Ask(Adapter* adapter, const Payment& payment) const {
    return Measured(&adapter->asks, *adapter->provider, &providers::Provider::State, payment);
  }

  Report Start(Adapter* adapter, const Payment& payment) const {
    if (payment.sealed_card.empty()) return StartOpened(adapter, payment);
    const auto card = base::Unseal(key_, CardBinding(payment.h_id), payment.sealed_card);
    if (!card) {
      Log(LogLevel::kError, "card_not_readable", {{LogField::kPaymentId, payment.h_id}});
      return {};
    }
    Payment opened = payment;
    opened.receiver[domain::ReceiverField::kCardNumber] = std::string(card->Reveal());
    return StartOpened(adapter, opened);
  }

  Report StartOpened(Adapter* adapter, const Payment& payment) const {
    return Measured(&adapter->starts, *adapter->provider, &providers::Provider::Start, payment);
  }

  static void CollectCalls(const std::string& provider, std::string_view call, const CallMetrics& metrics,
                           observability::MetricsPage* page) {
    for (std::size_t i = 0; i < kStates; ++i) {
      const auto state = static_cast<ReportedState>(i);
      page->Add(Metric::kProviderCalls, {provider, call, providers::NameOf(state)}, metrics.outcomes[i]);
    }
    page->Add(Metric::kProviderCallTime, {provider, call}, metrics.durations.figures());
  }

  const base::SystemClock clock_;
  const std::size_t max_queue_;
  const base::MasterKey& key_;
  const Done done_;
  std::map<std::string, Adapter> adapters_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;
  bool waking_ = false;  // a worker was woken and has not taken its work yet
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

ProviderRunner::ProviderRunner(std::vector<providers::Provider*> providers, int workers, std::size_t max_queue,
                               const base::MasterKey& key, Done done)
    : impl_(std::make_unique<Impl>(std::move(providers), workers, max_queue, key, std::move(done))) {}
ProviderRunner::~ProviderRunner() = default;
providers::Provider* ProviderRunner::Find(const std::string& name) const { return impl_->Find(name); }
bool ProviderRunner::IsUnavailable(const std::string& name) const { return impl_->IsUnavailable(name); }
bool ProviderRunner::Start(Payment payment) { return impl_->Push(std::move(payment), false); }
bool ProviderRunner::Ask(Payment payment) { return impl_->Push(std::move(payment), true); }
void ProviderRunner::Stop() { impl_->Stop(); }
void ProviderRunner::Collect(observability::MetricsPage* page) const { impl_->Collect(page); }

}  // namespace multihub::payments
