#include "multihub/net/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "multihub/base/check.h"
#include "multihub/base/clock.h"
#include "net/curl_handles.h"
#include "net/pinned_target.h"
#include "net/quiet_thread.h"
#include "net/resolver_pool.h"
#include "net/target.h"
#include "net/transfer.h"

namespace multihub::net {
namespace {

// Without a deadline of ours the loop sleeps until it is woken, or libcurl has something to do. This only bounds what a
// wake that was lost would cost.
constexpr std::int64_t kLongestSleepMs = 60'000;

// Handles beyond these are not kept for later calls.
constexpr std::size_t kMaxSpareTransfers = 512;

// Far beyond what any caller means, and far from what overflows.
constexpr std::int64_t kLongestTimeoutMs = 24 * 60 * 60 * 1000;

constexpr const char* kStopped = "the client is stopped";

struct MultiCleanup {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using CurlMulti = std::unique_ptr<CURLM, MultiCleanup>;

CurlMulti NewCurlMulti(std::size_t max_idle_connections) {
  InitializeCurl();
  CurlMulti multi(curl_multi_init());
  MULTIHUB_CHECK(multi != nullptr);
  MULTIHUB_CHECK(curl_multi_setopt(multi.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING)) == CURLM_OK);
  // 0 would mean "no limit"; then no transfer keeps its connection.
  MULTIHUB_CHECK(curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(max_idle_connections)) ==
                 CURLM_OK);
  return multi;
}

OutgoingAnswer ErrorAnswer(CallError error, std::string detail) {
  OutgoingAnswer answer;
  answer.error = error;
  answer.detail = std::move(detail);
  return answer;
}

}  // namespace

std::string_view NameOf(CallError error) {
  switch (error) {
    case CallError::kNone:
      return "";
    case CallError::kRefusedTarget:
      return "refused_target";
    case CallError::kResolve:
      return "resolve";
    case CallError::kConnect:
      return "connect";
    case CallError::kTls:
      return "tls";
    case CallError::kTimeout:
      return "timeout";
    case CallError::kNetwork:
      return "network";
  }
  return "";
}

class HttpClient::Impl {
 public:
  Impl(HttpClientOptions options, Resolver resolver);
  ~Impl() { Stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Send(OutgoingCall outgoing, std::function<void(OutgoingAnswer)> done);
  void Stop();

 private:
  using Key = ResolverPool::Key;

  struct Call {
    OutgoingCall outgoing;
    std::function<void(OutgoingAnswer)> done;
    std::int64_t begun_us = 0;
    std::string name;  // to be resolved first; else `judged` is known
    std::uint16_t port = 0;
    JudgedTarget judged;
    std::unique_ptr<Transfer> transfer;  // while it runs
  };
  using CallPtr = std::unique_ptr<Call>;

  // ---- any thread ----
  void Prepare(Call* call) const;
  void OnResolved(const Key& key, JudgedTarget judged);
  void WakeIfAsleep();  // under the lock

  // ---- the loop's thread ----
  void Loop();
  void SetLoopId(std::thread::id id);
  bool TakeArrivals();
  void Begin(CallPtr call);
  void Resolve(CallPtr call);
  void Connect(CallPtr call);
  void EndTransfers();
  void EndUnresolved();
  void EndAll();
  void Sleep();
  void Finish(CallPtr call, OutgoingAnswer answer) const;
  std::unique_ptr<Transfer> TakeTransfer();
  std::unique_ptr<Transfer> Remove(CURL* handle, Call* call);
  std::int64_t LeftMs(const Call& call, std::int64_t limit_ms) const;

  const HttpClientOptions options_;
  const std::shared_ptr<const TargetJudge> judge_;  // shared with threads the pool may leave behind
  const base::SystemClock clock_;

  std::mutex mutex_;
  std::vector<CallPtr> arrived_;
  std::vector<std::pair<Key, JudgedTarget>> resolved_;
  bool asleep_ = false;  // the loop polls, or is about to: what arrives must wake it
  bool stopping_ = false;
  std::thread::id loop_id_;  // while it runs: a later thread may have the same

  // The loop's own. Spare handles go before the multi handle whose connections they used.
  CurlMulti multi_;
  std::vector<std::unique_ptr<Transfer>> spare_transfers_;
  std::map<Key, CallPtr> resolving_;
  std::unordered_map<CURL*, CallPtr> transferring_;
  std::uint64_t resolved_names_ = 0;

  std::mutex joining_;
  ResolverPool resolvers_;
  std::thread loop_;
};

HttpClient::Impl::Impl(HttpClientOptions options, Resolver resolver)
    : options_(std::move(options)),
      judge_(std::make_shared<TargetJudge>(options_.policy, options_.own_addresses)),
      multi_(NewCurlMulti(options_.max_idle_connections)),
      resolvers_(
          options_.resolver_threads,
          [judge = judge_, resolver = std::move(resolver)](const ResolverPool::Question& question) {
            return judge->Decide(resolver(question.name), question.port);
          },
          [this](const Key& key, JudgedTarget judged) { OnResolved(key, std::move(judged)); }) {
  loop_ = StartQuietThread([this] { Loop(); });
}

void HttpClient::Impl::Send(OutgoingCall outgoing, std::function<void(OutgoingAnswer)> done) {
  auto call = std::make_unique<Call>();
  call->outgoing = std::move(outgoing);
  for (std::int64_t* limit_ms : {&call->outgoing.timeout_ms, &call->outgoing.connect_timeout_ms}) {
    *limit_ms = std::clamp<std::int64_t>(*limit_ms, 0, kLongestTimeoutMs);
  }
  call->done = std::move(done);
  call->begun_us = clock_.MonotonicUs();
  Prepare(call.get());
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      arrived_.push_back(std::move(call));
      WakeIfAsleep();
      return;
    }
  }
  Finish(std::move(call), ErrorAnswer(CallError::kNetwork, kStopped));
}

void HttpClient::Impl::Prepare(Call* call) const {
  base::Result<Target, std::string> target = ReadTarget(call->outgoing);
  if (!target.ok()) {
    call->judged = {CallError::kRefusedTarget, std::move(target).error(), {}};
    return;
  }
  call->port = target->port;
  call->name = target->name;
  if (call->name.empty()) call->judged = judge_->Decide(target->addresses, target->port);
}

void HttpClient::Impl::OnResolved(const Key& key, JudgedTarget judged) {
  const std::lock_guard lock(mutex_);
  resolved_.emplace_back(key, std::move(judged));
  WakeIfAsleep();
}

// Under the lock, so that the loop cannot pass the point where it gives up the multi handle.
void HttpClient::Impl::WakeIfAsleep() {
  if (!asleep_) return;
  asleep_ = false;
  MULTIHUB_CHECK(curl_multi_wakeup(multi_.get()) == CURLM_OK);
}

void HttpClient::Impl::Stop() {
  {
    const std::lock_guard lock(mutex_);
    MULTIHUB_CHECK(std::this_thread::get_id() != loop_id_);
    stopping_ = true;
    WakeIfAsleep();
  }
  const std::lock_guard joining(joining_);
  if (loop_.joinable()) loop_.join();
  resolvers_.Stop();
}

void HttpClient::Impl::Loop() {
  SetLoopId(std::this_thread::get_id());
  while (TakeArrivals()) {
    int running = 0;
    MULTIHUB_CHECK(curl_multi_perform(multi_.get(), &running) == CURLM_OK);
    EndTransfers();
    EndUnresolved();
    Sleep();
  }
  EndAll();
  SetLoopId({});
}

void HttpClient::Impl::SetLoopId(std::thread::id id) {
  const std::lock_guard lock(mutex_);
  loop_id_ = id;
}

// False: it is time to stop, and what arrived stays where it is.
bool HttpClient::Impl::TakeArrivals() {
  std::vector<CallPtr> arrived;
  std::vector<std::pair<Key, JudgedTarget>> resolved;
  {
    const std::lock_guard lock(mutex_);
    asleep_ = false;
    if (stopping_) return false;
    arrived.swap(arrived_);
    resolved.swap(resolved_);
  }
  for (CallPtr& call : arrived) Begin(std::move(call));
  for (auto& [key, judged] : resolved) {
    auto call = resolving_.extract(key);
    if (call.empty()) continue;  // its time was over
    call.mapped()->judged = std::move(judged);
    Connect(std::move(call.mapped()));
  }
  return true;
}

void HttpClient::Impl::Begin(CallPtr call) {
  if (call->name.empty()) {
    Connect(std::move(call));
  } else {
    Resolve(std::move(call));
  }
}

void HttpClient::Impl::Resolve(CallPtr call) {
  const std::int64_t patience_ms = std::min(call->outgoing.timeout_ms, call->outgoing.connect_timeout_ms);
  const Key key(call->begun_us + patience_ms * 1000, ++resolved_names_);
  resolvers_.Ask({key, call->name, call->port});
  resolving_.emplace(key, std::move(call));
}

void HttpClient::Impl::Connect(CallPtr call) {
  if (call->judged.error != CallError::kNone) {
    OutgoingAnswer answer = ErrorAnswer(call->judged.error, std::move(call->judged.detail));
    return Finish(std::move(call), std::move(answer));
  }
  const std::int64_t left_ms = LeftMs(*call, call->outgoing.timeout_ms);
  const std::int64_t left_to_connect_ms = LeftMs(*call, call->outgoing.connect_timeout_ms);
  if (left_ms <= 0 || left_to_connect_ms <= 0) {
    return Finish(std::move(call), ErrorAnswer(CallError::kTimeout, "no time was left to connect"));
  }
  call->transfer = TakeTransfer();
  call->transfer->Begin(call->outgoing, PinnedTarget(std::move(call->judged.addresses), call->port), left_ms,
                        left_to_connect_ms);
  CURL* const handle = call->transfer->handle();
  transferring_.emplace(handle, std::move(call));
  MULTIHUB_CHECK(curl_multi_add_handle(multi_.get(), handle) == CURLM_OK);
}

void HttpClient::Impl::EndTransfers() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const handle = message->easy_handle;
    const CURLcode code = message->data.result;  // removing the handle frees the message
    auto found = transferring_.extract(handle);
    MULTIHUB_CHECK(!found.empty());
    CallPtr call = std::move(found.mapped());
    std::unique_ptr<Transfer> transfer = Remove(handle, call.get());
    OutgoingAnswer answer = transfer->End(code);
    if (spare_transfers_.size() < kMaxSpareTransfers) spare_transfers_.push_back(std::move(transfer));
    Finish(std::move(call), std::move(answer));
  }
}

void HttpClient::Impl::EndUnresolved() {
  const std::int64_t now_us = clock_.MonotonicUs();
  while (!resolving_.empty() && resolving_.begin()->first.first <= now_us) {
    auto call = resolving_.extract(resolving_.begin());
    Finish(std::move(call.mapped()), ErrorAnswer(CallError::kTimeout, "the name did not resolve in time"));
  }
}

void HttpClient::Impl::EndAll() {
  std::vector<CallPtr> open;
  {
    const std::lock_guard lock(mutex_);
    open.swap(arrived_);
  }
  for (auto& [key, call] : resolving_) open.push_back(std::move(call));
  resolving_.clear();
  for (auto& [handle, call] : transferring_) {
    Remove(handle, call.get());
    open.push_back(std::move(call));
  }
  transferring_.clear();
  spare_transfers_.clear();
  multi_.reset();
  for (CallPtr& call : open) Finish(std::move(call), ErrorAnswer(CallError::kNetwork, kStopped));
}

void HttpClient::Impl::Sleep() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || !arrived_.empty() || !resolved_.empty()) return;
    asleep_ = true;
  }
  std::int64_t sleep_ms = kLongestSleepMs;
  if (!resolving_.empty()) {
    const std::int64_t left_us = resolving_.begin()->first.first - clock_.MonotonicUs();
    sleep_ms = std::clamp<std::int64_t>(left_us / 1000 + 1, 0, kLongestSleepMs);
  }
  MULTIHUB_CHECK(curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(sleep_ms), nullptr) == CURLM_OK);
}

// Outside the lock: `done` may call Send.
void HttpClient::Impl::Finish(CallPtr call, OutgoingAnswer answer) const {
  answer.duration_ms = (clock_.MonotonicUs() - call->begun_us) / 1000;
  call->done(std::move(answer));
}

std::unique_ptr<Transfer> HttpClient::Impl::TakeTransfer() {
  if (spare_transfers_.empty()) return std::make_unique<Transfer>(options_.max_idle_connections > 0, options_.ca_file);
  std::unique_ptr<Transfer> transfer = std::move(spare_transfers_.back());
  spare_transfers_.pop_back();
  return transfer;
}

std::unique_ptr<Transfer> HttpClient::Impl::Remove(CURL* handle, Call* call) {
  MULTIHUB_CHECK(curl_multi_remove_handle(multi_.get(), handle) == CURLM_OK);
  return std::move(call->transfer);
}

std::int64_t HttpClient::Impl::LeftMs(const Call& call, std::int64_t limit_ms) const {
  return limit_ms - (clock_.MonotonicUs() - call.begun_us) / 1000;
}

HttpClient::HttpClient(HttpClientOptions options, Resolver resolver)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(resolver))) {}

HttpClient::~HttpClient() = default;

void HttpClient::Send(OutgoingCall call, std::function<void(OutgoingAnswer)> done) {
  impl_->Send(std::move(call), std::move(done));
}

void HttpClient::Stop() { impl_->Stop(); }

}  // namespace multihub::net
