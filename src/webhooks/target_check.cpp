#include "multihub/webhooks/target_check.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "multihub/net/url.h"

namespace multihub::webhooks {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

constexpr const char* kNotPublic = "must lead to public addresses only";

// Whether there is anything to resolve.
bool HasName(const std::string& url) {
  const auto parsed = net::ParseUrl(url);
  return parsed.ok() && net::LiteralHost(parsed->host).kind != net::HostMeaning::Kind::kAddress;
}

}  // namespace

std::optional<std::string> JudgeTarget(const std::string& url, const net::AddressPolicy& policy,
                                       const net::Resolver& resolver) {
  const auto parsed = net::ParseUrl(url);
  if (!parsed.ok()) return parsed.error();
  const net::HostMeaning meaning = net::LiteralHost(parsed->host);
  const std::vector<base::IpAddress> addresses = meaning.kind == net::HostMeaning::Kind::kAddress
                                                     ? std::vector<base::IpAddress>{meaning.address}
                                                     : resolver(parsed->host);
  const bool refused = std::any_of(addresses.begin(), addresses.end(), [&](const base::IpAddress& address) {
    return net::Judge(address, policy).has_value();
  });
  if (refused) return kNotPublic;
  return std::nullopt;
}

// Kept by every thread that resolves, so that one left behind finds what it needs.
struct TargetCheck::Shared {
  struct Waiting {
    TimePoint until;
    Done done;
  };

  void Finish(std::uint64_t number, std::optional<std::string> problem) {
    const std::lock_guard lock(mutex);
    --resolving;
    const auto found = waiting.find(number);
    if (found == waiting.end()) return;
    const Done done = std::move(found->second.done);
    waiting.erase(found);
    done(std::move(problem));
  }

  // Numbers and deadlines grow together: the first that waits is the first to end.
  void WatchDeadlines() {
    std::unique_lock lock(mutex);
    while (!stopped) {
      if (waiting.empty()) {
        changed.wait(lock);
        continue;
      }
      // A copy: while this thread waits the entry may go.
      const TimePoint until = waiting.begin()->second.until;
      if (std::chrono::steady_clock::now() < until) {
        changed.wait_until(lock, until);
        continue;
      }
      const Done done = std::move(waiting.begin()->second.done);
      waiting.erase(waiting.begin());
      done(std::nullopt);
    }
  }

  net::AddressPolicy policy;
  net::Resolver resolver;
  std::chrono::milliseconds patience{0};

  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::uint64_t, Waiting> waiting;  // by number
  std::uint64_t last_number = 0;
  std::size_t resolving = 0;
  bool stopped = false;
  std::thread watcher;
};

TargetCheck::TargetCheck(net::AddressPolicy policy, net::Resolver resolver, std::int64_t patience_ms)
    : shared_(std::make_shared<Shared>()) {
  shared_->policy = policy;
  shared_->resolver = std::move(resolver);
  shared_->patience = std::chrono::milliseconds(patience_ms);
  shared_->watcher = std::thread([shared = shared_.get()] { shared->WatchDeadlines(); });
}

TargetCheck::~TargetCheck() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
    shared_->waiting.clear();
  }
  shared_->changed.notify_all();
  shared_->watcher.join();
}

void TargetCheck::Judge(const std::string& url, Done done) {
  if (!HasName(url)) return done(JudgeTarget(url, shared_->policy, shared_->resolver));
  std::unique_lock lock(shared_->mutex);
  if (shared_->resolving >= kMostAtOnce) {
    lock.unlock();
    return done(std::nullopt);
  }
  ++shared_->resolving;
  const std::uint64_t number = ++shared_->last_number;
  shared_->waiting[number] = {std::chrono::steady_clock::now() + shared_->patience, std::move(done)};
  shared_->changed.notify_all();
  const auto resolve = [shared = shared_, number, url] {
    auto problem = JudgeTarget(url, shared->policy, shared->resolver);
    shared->Finish(number, std::move(problem));
  };
  try {
    std::thread(resolve).detach();
  } catch (const std::system_error&) {
    // No thread to be had: the watcher lets it pass.
    --shared_->resolving;
  }
}

}  // namespace multihub::webhooks
