#include "multihub/http/front.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "http/acceptor.h"
#include "http/connection.h"
#include "http/front_core.h"
#include "http/listen_address.h"

namespace multihub::http {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPoll(2);
constexpr std::chrono::seconds kReleaseTime(2);
constexpr std::size_t kReservedFds = 64;  // of a process with a small limit, for everything that is no connection

std::string CheckOptions(const FrontOptions& options) {
  if (options.listen.empty()) return "the HTTP front has no address to listen on";
  if (options.threads < 1 || options.threads > 64) return "the HTTP front needs between 1 and 64 threads";
  if (options.max_header_bytes < 64 || options.max_headers < 1 || options.max_connections < 1 ||
      options.max_in_flight < 1 || options.max_pipelined < 1 || options.max_output_bytes < 1) {
    return "a limit of the HTTP front is zero or too small";
  }
  if (options.header_timeout_ms < 1 || options.body_timeout_ms < 1 || options.idle_timeout_ms < 1 ||
      options.write_timeout_ms < 1) {
    return "a timeout of the HTTP front is not positive";
  }
  for (const std::string& listen : options.listen) {
    if (!ParseListenAddress(listen)) {
      return "\"" + listen +
             "\" is no address to listen on: expected ADDRESS:PORT or [IPV6]:PORT, with a numeric address";
    }
  }
  return "";
}

// A connection takes two descriptors. A part of the limit is left for everything else in the process, and for the
// clients that the listener has accepted and that are about to be turned away: were it to run into the limit, it would
// try again and again.
void FitToFdLimit(FrontCore* core) {
  const std::size_t limit = RaisedDescriptorLimit();
  const std::size_t reserved =
      std::min(limit / 2, std::max(kReservedFds, limit / 4)) + std::min(limit / 4, core->options.other_descriptors);
  core->connection_cap = std::min(core->options.max_connections, std::max<std::size_t>(1, (limit - reserved) / 2));
  // The library gives a new socket to thread (number modulo threads). Our duplicates must not lie between the sockets,
  // or all of these had the same parity.
  core->first_own_fd = static_cast<int>(std::min(limit / 2, core->connection_cap + 4096));
}

}  // namespace

std::size_t RaisedDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 1'000'000));
}

class Front::Impl {
 public:
  Impl(FrontOptions options, std::shared_ptr<RequestHandler> handler)
      : core_(std::make_shared<FrontCore>(std::move(options), std::move(handler))) {}

  std::string Start();
  bool Stop(std::int64_t drain_ms);
  std::vector<std::uint16_t> ports() const;
  const FrontCore& core() const { return *core_; }

 private:
  bool AwaitAnswers(SteadyClock::time_point until) const;
  void CloseAll();

  const std::shared_ptr<FrontCore> core_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<std::uint16_t> ports_;
  bool started_ = false;
  bool stopped_ = false;
  bool all_answered_ = true;
};

std::string Front::Impl::Start() {
  const std::lock_guard lock(mutex_);
  if (started_) return "the HTTP front has been started before";
  if (!core_->handler) return "the HTTP front has no handler";
  if (std::string error = CheckOptions(core_->options); !error.empty()) return error;
  started_ = true;
  FitToFdLimit(core_.get());
  if (std::string error = core_->flusher.Start(); !error.empty()) return error;
  if (std::string error = core_->sweeper.Start(); !error.empty()) return error;
  for (const std::string& listen : core_->options.listen) {
    auto acceptor = std::make_unique<Acceptor>(core_);
    if (std::string error = acceptor->Start(*ParseListenAddress(listen), core_->options.threads); !error.empty()) {
      ports_.clear();
      return error;
    }
    ports_.push_back(acceptor->port());
    acceptors_.push_back(std::move(acceptor));
  }
  return "";
}

std::vector<std::uint16_t> Front::Impl::ports() const {
  const std::lock_guard lock(mutex_);
  return ports_;
}

bool Front::Impl::Stop(std::int64_t drain_ms) {
  const std::lock_guard lock(mutex_);
  if (stopped_ || !started_) return all_answered_;
  stopped_ = true;
  core_->draining = true;
  for (const auto& acceptor : acceptors_) acceptor->StopAccepting();
  for (const auto& connection : core_->connections.All()) connection->Drain();
  all_answered_ = AwaitAnswers(SteadyClock::now() + std::chrono::milliseconds(std::max<std::int64_t>(0, drain_ms)));
  CloseAll();
  return all_answered_;
}

bool Front::Impl::AwaitAnswers(SteadyClock::time_point until) const {
  for (;;) {
    const auto connections = core_->connections.All();
    const bool waiting = std::any_of(connections.begin(), connections.end(),
                                     [](const auto& connection) { return connection->HasUnfinishedAnswers(); });
    if (!waiting) return true;
    if (SteadyClock::now() >= until) return false;
    std::this_thread::sleep_for(kPoll);
  }
}

// Ours first: when all connections are shut down the library's threads close their descriptors by themselves. Then its
// threads, then ours.
void Front::Impl::CloseAll() {
  for (const auto& connection : core_->connections.All()) connection->Drop();
  const auto until = SteadyClock::now() + kReleaseTime;
  while (core_->connections.size() > 0 && SteadyClock::now() < until) std::this_thread::sleep_for(kPoll);
  acceptors_.clear();
  core_->sweeper.Stop();
  core_->flusher.Stop();
  core_->handler.reset();
}

Front::Front(FrontOptions options, std::shared_ptr<RequestHandler> handler)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler))) {}

Front::~Front() { Stop(0); }

std::string Front::Start() { return impl_->Start(); }

std::vector<std::uint16_t> Front::ports() const { return impl_->ports(); }

bool Front::Stop(std::int64_t drain_ms) { return impl_->Stop(drain_ms); }

Front::Counters Front::counters() const {
  const FrontCore& core = impl_->core();
  Counters counters;
  counters.accepted = core.accepted;
  counters.requests = core.requests;
  counters.framing_faults = core.framing_faults;
  counters.overloads = core.overloads;
  counters.dropped_slow = core.dropped_slow;
  counters.open = core.open;
  counters.in_flight = core.in_flight;
  return counters;
}

void Front::Collect(observability::MetricsPage* page) const {
  using observability::Metric;
  const Counters now = counters();
  page->Add(Metric::kCallsInFlight, {}, static_cast<double>(now.in_flight));
  page->Add(Metric::kHttpConnections, {}, static_cast<double>(now.open));
  page->Add(Metric::kHttpRefusals, {"malformed"}, static_cast<double>(now.framing_faults));
  page->Add(Metric::kHttpRefusals, {"overload"}, static_cast<double>(now.overloads));
  page->Add(Metric::kHttpRefusals, {"slow"}, static_cast<double>(now.dropped_slow));
}

}  // namespace multihub::http
