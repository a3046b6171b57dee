#include "multihub/webhooks/dispatcher.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "multihub/net/url.h"
#include "multihub/observability/log.h"
#include "webhooks/attempt_end.h"
#include "webhooks/attempt_metrics.h"
#include "webhooks/delivery_leases.h"
#include "webhooks/endpoint_room.h"
#include "webhooks/origin_breaker.h"
#include "webhooks/transfer_slots.h"

namespace multihub::webhooks {
namespace {

using observability::Log;
using observability::LogField;
using observability::LogLevel;
using observability::Metric;
using storage::AttemptEnd;
using storage::EndpointRow;
using storage::ReadyDelivery;

// What may wait in memory for one endpoint; more stays in the database.
constexpr int kMaxQueued = 64;
// Of an endpoint that failed last: no more than can be sent at once.
constexpr int kMaxQueuedFailing = 8;
constexpr int kEndpointsPerClaim = 16;
constexpr int kEndpointsPerPoll = 1024;
// Endpoints remembered before those with nothing to do are forgotten; or twice those that had something then.
constexpr std::size_t kForgetAt = 512;
// Ends that wait to be recorded: beyond this nothing new is sent.
constexpr std::size_t kMaxUnrecorded = 2'048;
constexpr std::size_t kMaxRecorded = 256;  // in one unit
constexpr std::int64_t kRetryRecordingMs = 200;
constexpr std::int64_t kShownForUs = 60'000'000;

std::string OriginOf(const EndpointRow& endpoint) {
  const auto url = net::ParseUrl(endpoint.url);
  // One that does not parse is refused when it is sent to.
  return url ? url->Origin() : std::string();
}

}  // namespace

// Callbacks hold it: what is under way when the dispatcher goes still has somewhere to end.
class Dispatcher::Impl : public std::enable_shared_from_this<Dispatcher::Impl> {
 public:
  Impl(storage::Access& access, Sender& sender, const base::Clock& clock, base::Random& random,
       DispatcherOptions options)
      : access_(access), sender_(sender), clock_(clock), random_(random), options_(std::move(options)) {}

  void Start() {
    room_.Open();
    thread_ = std::thread([this] { Run(); });
  }

  void Stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  bool HasRoom(const std::string& endpoint_id) const { return room_.HasRoom(endpoint_id); }

  std::int64_t LeaseMs(const EndpointRow& endpoint) const { return leases_.LeaseMs(endpoint); }

  void Take(std::vector<ReadyDelivery> deliveries) {
    for (const ReadyDelivery& d : deliveries) {
      if (!d.row.lease_owner.empty()) room_.Take(d.row.endpoint_id);
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    for (ReadyDelivery& d : deliveries) inbox_.fresh.push_back(std::move(d));
    wake_.notify_one();
  }

  void Wake() {
    const std::lock_guard<std::mutex> lock(mutex_);
    inbox_.poll = true;
    wake_.notify_one();
  }

  Counters counters() const {
    Counters c;
    c.delivered = attempts_.delivered();
    c.failed_attempts = attempts_.failed_attempts();
    c.given_up = attempts_.failed();
    c.in_flight = in_flight_shown_;
    c.queued = queued_shown_;
    c.open_breakers = open_breakers_shown_;
    return c;
  }

  void Collect(observability::MetricsPage* page) const {
    attempts_.Collect(page);
    page->Add(Metric::kWebhookQueue, {"waiting"}, static_cast<double>(queued_shown_));
    page->Add(Metric::kWebhookQueue, {"sending"}, static_cast<double>(in_flight_shown_));
    page->Add(Metric::kWebhookBreakersOpen, {}, static_cast<double>(open_breakers_shown_));
    // What was true before the database went away says nothing now.
    const std::int64_t shown_us = oldest_due_shown_us_;
    if (shown_us == 0 || clock_.MonotonicUs() - shown_us > kShownForUs) return;
    page->Add(Metric::kWebhookOldestDue, {}, static_cast<double>(oldest_due_shown_ms_) / 1000);
  }

 private:
  // ---- what comes from other threads -------------------------------------------------------------------------------

  struct Finished {
    ReadyDelivery delivery;
    OriginKey key;
    SentAttempt sent;
  };
  struct Claimed {
    std::vector<std::pair<std::string, bool>> endpoints;  // which were asked for, and whether there is more
    std::vector<ReadyDelivery> deliveries;
  };
  struct Polled {
    bool answered = false;
    std::string after;                   // the due endpoints behind this one were looked for
    std::vector<std::string> due;        // at most kEndpointsPerPoll
    std::int64_t oldest_due_ms = 0;      // how long ago the oldest of what was found was due
    std::vector<std::string> asked_for;  // endpoints that have something waiting here …
    std::vector<EndpointRow> present;    // … as they are now
  };
  struct Recorded {
    bool stored = false;
    std::vector<AttemptEnd> ends;
    std::set<std::string> gone;  // endpoints switched off with them
  };
  struct Inbox {
    std::vector<ReadyDelivery> fresh;
    std::vector<Finished> finished;
    std::vector<Claimed> claimed;
    std::vector<Recorded> recorded;
    std::vector<Polled> polled;
    bool poll = false;
    bool empty() const {
      return fresh.empty() && finished.empty() && claimed.empty() && recorded.empty() && polled.empty() && !poll;
    }
  };

  template <typename T>
  void Post(std::vector<T> Inbox::*box, T item) {
    const std::lock_guard<std::mutex> lock(mutex_);
    (inbox_.*box).push_back(std::move(item));
    wake_.notify_one();
  }

  // ---- the dispatcher's own thread ---------------------------------------------------------------------------------

  // One endpoint with something to do here.
  struct Queue {
    std::deque<ReadyDelivery> waiting;
    int in_flight = 0;
    bool followers = false;  // some of that waits for a first attempt that is ours
    bool claiming = false;
    bool failing = false;  // its last attempt failed
    OriginKey key;         // of `key_url`; neither is known before something was sent
    std::string key_url;
  };

  void Run() {
    bool draining = false;
    std::chrono::steady_clock::time_point drain_until;
    for (;;) {
      Inbox inbox = Next();
      Absorb(std::move(inbox));
      if (Stopping()) {
        if (!draining) {
          drain_until = std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.drain_ms);
          room_.Close();
        }
        draining = true;
      }
      if (draining) {
        Record();
        const bool over = std::chrono::steady_clock::now() >= drain_until;
        const bool ended = slots_.taken() == 0 && claims_ == 0 && ends_.empty();
        if ((ended || over) && !recording_) break;
        continue;
      }
      Poll();
      Claim();
      SendAll();
      Record();
      ShowCounters();
    }
    GiveBack();
  }

  bool Stopping() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return stopping_;
  }

  // Waits for news, or until there is something to do by the clock.
  Inbox Next() {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto pause = std::chrono::milliseconds(stopping_ ? 20 : PauseMs());
    wake_.wait_for(lock, pause, [this] { return !inbox_.empty() || (stopping_ && !stop_seen_); });
    stop_seen_ = stopping_;
    return std::exchange(inbox_, {});
  }

  std::int64_t PauseMs() const {
    const std::int64_t until_poll_ms = (next_poll_us_ - clock_.MonotonicUs()) / 1000 + 1;
    return std::clamp<std::int64_t>(until_poll_ms, 1, options_.poll_ms);
  }

  void Absorb(Inbox inbox) {
    for (ReadyDelivery& d : inbox.fresh) Enqueue(std::move(d));
    for (Finished& f : inbox.finished) End(std::move(f));
    for (Claimed& c : inbox.claimed) TakeClaimed(std::move(c));
    for (Recorded& r : inbox.recorded) TakeRecorded(std::move(r));
    for (Polled& p : inbox.polled) TakePolled(std::move(p));
    if (inbox.poll) next_poll_us_ = 0;
  }

  void Enqueue(ReadyDelivery d) {
    Queue& queue = queues_[d.row.endpoint_id];
    if (d.row.lease_owner.empty()) {
      // Born without a lease: no room, or another event of the payment goes first.
      queue.followers = true;
      backlog_.insert(d.row.endpoint_id);
      return;
    }
    waiting_.insert(d.row.endpoint_id);
    queue.waiting.push_back(std::move(d));
    ++queued_;
  }

  // ---- finding -----------------------------------------------------------------------------------------------------

  void Poll() {
    if (polling_ || clock_.MonotonicUs() < next_poll_us_) return;
    next_poll_us_ = clock_.MonotonicUs() + options_.poll_ms * 1000;
    const auto self = shared_from_this();
    const std::vector<std::string> here(waiting_.begin(), waiting_.end());
    polling_ = access_.Read(
        clock_.MonotonicUs(),
        [this, self, here, after = poll_after_](storage::Session& session) {
          Polled polled{true, after, {}, 0, here, {}};
          const base::UnixMs now_ms = clock_.NowMs();
          std::int64_t oldest_ms = now_ms;
          polled.due = storage::EndpointsWithDue(session, now_ms, after, kEndpointsPerPoll, &oldest_ms);
          polled.oldest_due_ms = now_ms - oldest_ms;
          polled.present = storage::FindEndpoints(session, here);
          Post(&Inbox::polled, std::move(polled));
        },
        [this, self](const std::string&) { Post(&Inbox::polled, Polled()); });
  }

  void TakePolled(Polled polled) {
    polling_ = false;
    if (!polled.answered) return;
    const bool all = static_cast<int>(polled.due.size()) < kEndpointsPerPoll;
    // What a poll of everything does not name has nothing due.
    if (all && polled.after.empty()) {
      for (auto& [id, queue] : queues_) queue.followers = false;
    }
    poll_after_ = all ? std::string() : polled.due.back();
    backlog_.insert(polled.due.begin(), polled.due.end());
    oldest_due_ms_ = std::max(oldest_due_ms_, polled.oldest_due_ms);
    if (all) ShowOldestDue();
    for (const std::string& id : polled.asked_for) Refresh(id, polled.present);
  }

  // Every endpoint has been looked at.
  void ShowOldestDue() {
    oldest_due_shown_ms_ = std::exchange(oldest_due_ms_, 0);
    oldest_due_shown_us_ = clock_.MonotonicUs();
  }

  // What waits here is sent to the endpoint as it is now. The deliveries of one that was switched off have failed
  // already.
  void Refresh(const std::string& endpoint_id, std::vector<EndpointRow>& present) {
    const auto row = std::find_if(present.begin(), present.end(), [&](const auto& e) { return e.id == endpoint_id; });
    if (row == present.end() || !row->enabled) return DropWaiting(endpoint_id);
    const auto now = std::make_shared<const EndpointRow>(std::move(*row));
    for (ReadyDelivery& d : queues_[endpoint_id].waiting) d.endpoint = now;
  }

  // How many more deliveries of the endpoint would be welcome.
  int Wanted(const Queue& queue) const {
    const int most = queue.failing ? kMaxQueuedFailing : kMaxQueued;
    const int have = static_cast<int>(queue.waiting.size()) + queue.in_flight;
    return have * 2 > most ? 0 : most - have;
  }

  void Claim() {
    if (claims_ > 0 || ends_.size() >= kMaxUnrecorded) return;
    std::vector<std::pair<std::string, int>> wanted;
    // From where the last claim ended, so that every endpoint has its turn.
    for (std::size_t seen = 0; seen < backlog_.size() && wanted.size() < kEndpointsPerClaim; ++seen) {
      auto at = backlog_.upper_bound(claimed_last_);
      if (at == backlog_.end()) at = backlog_.begin();
      claimed_last_ = *at;
      const int count = IsHeldBack(*at) ? 0 : Wanted(queues_[*at]);
      if (count > 0) wanted.emplace_back(*at, count);
    }
    if (!wanted.empty()) SubmitClaim(std::move(wanted));
  }

  // The breaker of its origin is open: what is due for it stays where it is.
  bool IsHeldBack(const std::string& endpoint_id) {
    const auto known = queues_.find(endpoint_id);
    if (known == queues_.end() || known->second.key_url.empty()) return false;
    const std::int64_t now_us = clock_.MonotonicUs();
    return breaker_.ClosedUntilUs(known->second.key, now_us) > now_us;
  }

  void SubmitClaim(std::vector<std::pair<std::string, int>> wanted) {
    auto claimed = std::make_shared<Claimed>();
    ++claims_;
    const auto work = [this, self = shared_from_this(), wanted, claimed](storage::Session& session) {
      *claimed = Claimed();
      const base::UnixMs now_ms = clock_.NowMs();
      for (const auto& [endpoint_id, count] : wanted) {
        const bool more = leases_.Claim(session, endpoint_id, count, now_ms, &claimed->deliveries);
        claimed->endpoints.emplace_back(endpoint_id, more);
      }
    };
    const auto done = [this, self = shared_from_this(), wanted, claimed](bool stored, const std::string&) {
      if (!stored) {
        // Whatever was taken after all is found again when its lease runs out.
        *claimed = Claimed();
        for (const auto& [endpoint_id, count] : wanted) claimed->endpoints.emplace_back(endpoint_id, false);
      }
      Post(&Inbox::claimed, std::move(*claimed));
    };
    if (!access_.Write({0}, work, done)) done(false, "");
  }

  void TakeClaimed(Claimed claimed) {
    --claims_;
    for (const auto& [endpoint_id, more] : claimed.endpoints) {
      if (!more) backlog_.erase(endpoint_id);
    }
    for (ReadyDelivery& d : claimed.deliveries) {
      room_.Take(d.row.endpoint_id);
      Enqueue(std::move(d));
    }
  }

  // ---- sending -----------------------------------------------------------------------------------------------------

  void SendAll() {
    if (queued_ == 0 || ends_.size() >= kMaxUnrecorded) return;
    // One each in turn, beginning behind the endpoint that was last: nobody waits for another's whole queue.
    for (bool sent = true; sent && !slots_.full();) {
      sent = false;
      const std::vector<std::string> round = InTurn(waiting_, sent_last_);
      for (const std::string& endpoint_id : round) {
        if (slots_.full()) break;
        Queue& queue = queues_[endpoint_id];
        if (SendOne(endpoint_id, &queue)) {
          sent_last_ = endpoint_id;
          sent = true;
        }
        if (queue.waiting.empty()) waiting_.erase(endpoint_id);
      }
    }
    ForgetIdle();
  }

  // All of `ids`, beginning behind `last`.
  static std::vector<std::string> InTurn(const std::set<std::string>& ids, const std::string& last) {
    std::vector<std::string> turn(ids.upper_bound(last), ids.end());
    turn.insert(turn.end(), ids.begin(), ids.upper_bound(last));
    return turn;
  }

  // True when something was sent for this endpoint.
  bool SendOne(const std::string& endpoint_id, Queue* queue) {
    const std::int64_t now_us = clock_.MonotonicUs();
    while (!queue->waiting.empty()) {
      const ReadyDelivery& next = queue->waiting.front();
      const OriginKey& key = KeyOf(queue, *next.endpoint);
      if (breaker_.ClosedUntilUs(key, now_us) > now_us) {
        HoldBack(endpoint_id, queue, breaker_.ClosedUntilUs(key, now_us) - now_us);
        return false;
      }
      if (!slots_.HasRoomFor(key)) return false;
      ReadyDelivery delivery = std::move(queue->waiting.front());
      queue->waiting.pop_front();
      --queued_;
      // Too little is left of the lease for a whole attempt: it is claimed anew, by us or another.
      const std::int64_t left_ms = delivery.row.due_ms - clock_.NowMs();
      if (left_ms < TimeoutMs(*delivery.endpoint) + options_.lease_slack_ms / 4) {
        room_.Free(endpoint_id);
        backlog_.insert(endpoint_id);
        continue;
      }
      Start(std::move(delivery), queue);
      return true;
    }
    return false;
  }

  static const OriginKey& KeyOf(Queue* queue, const EndpointRow& endpoint) {
    if (queue->key_url != endpoint.url) {
      queue->key = {endpoint.application_id, OriginOf(endpoint)};
      queue->key_url = endpoint.url;
    }
    return queue->key;
  }

  void Start(ReadyDelivery delivery, Queue* queue) {
    const OriginKey& key = queue->key;
    slots_.Take(key);
    ++queue->in_flight;
    breaker_.Started(key, clock_.MonotonicUs());
    sent_ids_.insert(delivery.row.id);
    const OutgoingWebhook webhook{delivery.endpoint, delivery.event_id, delivery.body, delivery.trace};
    auto shared = std::make_shared<Finished>(Finished{std::move(delivery), key, {}});
    sender_.Send(webhook, [this, self = shared_from_this(), shared](SentAttempt sent) {
      shared->sent = std::move(sent);
      Post(&Inbox::finished, std::move(*shared));
    });
  }

  // Everything that waits here for the origin goes back, due when its breaker lets something through again.
  void HoldBack(const std::string& endpoint_id, Queue* queue, std::int64_t for_us) {
    std::vector<std::string> ids;
    for (const ReadyDelivery& d : queue->waiting) ids.push_back(d.row.id);
    queued_ -= queue->waiting.size();
    for (std::size_t i = 0; i < queue->waiting.size(); ++i) room_.Free(endpoint_id);
    queue->waiting.clear();
    room_.SetLimit(endpoint_id, 0);
    Release(std::move(ids), clock_.NowMs() + for_us / 1000 + 1);
  }

  void Release(std::vector<std::string> ids, base::UnixMs due_ms) {
    if (ids.empty()) return;
    const auto work = [this, self = shared_from_this(), ids = std::move(ids), due_ms](storage::Session& session) {
      storage::ReleaseDeliveries(session, ids, options_.owner, due_ms);
    };
    // Not stored: the leases run out by themselves.
    access_.Write({0}, work, [](bool, const std::string&) {});
  }

  // ---- what became of it -------------------------------------------------------------------------------------------

  void End(Finished finished) {
    const storage::DeliveryRow& row = finished.delivery.row;
    const EndpointRow& endpoint = *finished.delivery.endpoint;
    const net::OutgoingAnswer& answer = finished.sent.answer;
    Queue& queue = queues_[row.endpoint_id];
    slots_.Free(finished.key);
    --queue.in_flight;
    room_.Free(row.endpoint_id);
    sent_ids_.erase(row.id);
    const bool success = Sender::IsSuccess(answer);
    queue.failing = !success;
    attempts_.Ended(answer);
    room_.SetLimit(row.endpoint_id, success ? kMaxQueued : kMaxQueuedFailing);
    if (success) {
      breaker_.Succeeded(finished.key);
    } else {
      NoteFailure(finished.key);
    }
    ends_.push_back(EndOf(row, endpoint, finished.sent, clock_.NowMs(), random_));
    if (ends_.back().state != storage::kPending) attempts_.DeliveryEnded(success);
    if (SaysGone(answer) && endpoint.source == storage::kSourceConfigured) gone_.insert(endpoint.id);
    if (queue.followers) followers_of_.insert(row.endpoint_id);
  }

  void NoteFailure(const OriginKey& key) {
    const std::int64_t now_us = clock_.MonotonicUs();
    const bool was_open = breaker_.ClosedUntilUs(key, now_us) > now_us;
    breaker_.Failed(key, now_us);
    if (was_open || breaker_.ClosedUntilUs(key, now_us) <= now_us) return;
    Log(LogLevel::kWarn, "webhook_breaker_open",
        {{LogField::kApplicationId, std::to_string(key.first.value)},
         {LogField::kDetail, std::to_string((breaker_.ClosedUntilUs(key, now_us) - now_us) / 1'000'000) + " s"}});
  }

  void Record() {
    if (recording_ || ends_.empty() || clock_.MonotonicUs() < record_again_us_) return;
    auto recorded = std::make_shared<Recorded>();
    const std::size_t count = std::min(ends_.size(), kMaxRecorded);
    recorded->ends.assign(std::make_move_iterator(ends_.begin()),
                          std::make_move_iterator(ends_.begin() + static_cast<std::ptrdiff_t>(count)));
    ends_.erase(ends_.begin(), ends_.begin() + static_cast<std::ptrdiff_t>(count));
    recorded->gone = std::exchange(gone_, {});
    recording_ = true;
    const auto work = [this, self = shared_from_this(), recorded](storage::Session& session) {
      storage::RecordAttempts(session, recorded->ends, options_.owner);
      for (const std::string& endpoint_id : recorded->gone)
        DeliveryLeases::SwitchOff(session, endpoint_id, clock_.NowMs());
    };
    const auto done = [this, self = shared_from_this(), recorded](bool stored, const std::string& internal) {
      recorded->stored = stored;
      if (!stored) Log(LogLevel::kWarn, "webhook_attempts_not_stored", {{LogField::kDetail, internal}});
      for (const std::string& endpoint_id : recorded->gone) {
        if (stored) observability::Alert("webhook_gone", {{LogField::kDetail, endpoint_id}});
      }
      Post(&Inbox::recorded, std::move(*recorded));
    };
    if (!access_.Write({0}, work, done)) done(false, "the lane is full");
  }

  void TakeRecorded(Recorded recorded) {
    recording_ = false;
    if (!recorded.stored) {
      ends_.insert(ends_.begin(), std::make_move_iterator(recorded.ends.begin()),
                   std::make_move_iterator(recorded.ends.end()));
      gone_.insert(recorded.gone.begin(), recorded.gone.end());
      record_again_us_ = clock_.MonotonicUs() + kRetryRecordingMs * 1000;
      return;
    }
    for (const std::string& endpoint_id : recorded.gone) DropWaiting(endpoint_id);
    // A first attempt was made: what had to wait for it may be claimed now.
    backlog_.merge(followers_of_);
    followers_of_.clear();
  }

  void DropWaiting(const std::string& endpoint_id) {
    Queue& queue = queues_[endpoint_id];
    queued_ -= queue.waiting.size();
    for (std::size_t i = 0; i < queue.waiting.size(); ++i) room_.Free(endpoint_id);
    queue.waiting.clear();
    waiting_.erase(endpoint_id);
  }

  // ---- the end -----------------------------------------------------------------------------------------------------

  // Leases of what was not sent, or whose end nobody will hear: others need not wait for them to run out.
  void GiveBack() {
    std::vector<std::string> ids(sent_ids_.begin(), sent_ids_.end());
    for (const auto& [endpoint_id, queue] : queues_) {
      for (const ReadyDelivery& d : queue.waiting) ids.push_back(d.row.id);
    }
    {
      // What was committed after the last look.
      const std::lock_guard<std::mutex> lock(mutex_);
      for (const ReadyDelivery& d : inbox_.fresh) {
        if (!d.row.lease_owner.empty()) ids.push_back(d.row.id);
      }
    }
    Release(std::move(ids), clock_.NowMs());
  }

  // Endpoints with nothing to do are forgotten, and with them what was known of them.
  void ForgetIdle() {
    if (queues_.size() < forget_at_) return;
    for (auto at = queues_.begin(); at != queues_.end();) {
      const Queue& queue = at->second;
      if (!queue.waiting.empty() || queue.in_flight > 0 || backlog_.contains(at->first)) {
        ++at;
        continue;
      }
      room_.Forget(at->first);
      at = queues_.erase(at);
    }
    forget_at_ = std::max(kForgetAt, 2 * queues_.size());
  }

  void ShowCounters() {
    in_flight_shown_ = static_cast<std::size_t>(slots_.taken());
    queued_shown_ = queued_;
    open_breakers_shown_ = breaker_.open_count(clock_.MonotonicUs());
  }

  storage::Access& access_;
  Sender& sender_;
  const base::Clock& clock_;
  base::Random& random_;
  const DispatcherOptions options_;
  const DeliveryLeases leases_{options_.owner, options_.lease_slack_ms};

  std::mutex mutex_;
  std::condition_variable wake_;
  Inbox inbox_;
  bool stopping_ = false;
  bool stop_seen_ = false;
  EndpointRoom room_{kMaxQueued};

  // The dispatcher thread's own.
  std::map<std::string, Queue> queues_;
  std::size_t forget_at_ = kForgetAt;  // so many of them
  std::set<std::string> waiting_;      // endpoints with something waiting here
  std::set<std::string> backlog_;      // endpoints the database has something due for
  std::set<std::string> sent_ids_;
  std::size_t queued_ = 0;
  TransferSlots slots_{options_.max_in_flight, options_.max_per_application, options_.max_per_origin};
  OriginBreaker breaker_;
  std::vector<AttemptEnd> ends_;
  std::set<std::string> gone_;
  std::set<std::string> followers_of_;
  std::string claimed_last_, sent_last_, poll_after_;
  int claims_ = 0;
  bool polling_ = false;
  bool recording_ = false;
  std::int64_t next_poll_us_ = 0;
  std::int64_t record_again_us_ = 0;
  std::int64_t oldest_due_ms_ = 0;  // how long ago, of the endpoints looked at since all of them were

  AttemptMetrics attempts_;
  std::atomic<std::size_t> in_flight_shown_{0}, queued_shown_{0}, open_breakers_shown_{0};
  std::atomic<std::int64_t> oldest_due_shown_ms_{0};
  std::atomic<std::int64_t> oldest_due_shown_us_{0};  // since when; 0: never

  std::thread thread_;
};

Dispatcher::Dispatcher(storage::Access& access, Sender& sender, const base::Clock& clock, base::Random& random,
                       DispatcherOptions options)
    : impl_(std::make_shared<Impl>(access, sender, clock, random, options)) {}
Dispatcher::~Dispatcher() { Stop(); }
void Dispatcher::Start() { impl_->Start(); }
void Dispatcher::Stop() { impl_->Stop(); }
bool Dispatcher::HasRoom(const std::string& endpoint_id) const { return impl_->HasRoom(endpoint_id); }
std::int64_t Dispatcher::LeaseMs(const storage::EndpointRow& endpoint) const { return impl_->LeaseMs(endpoint); }
void Dispatcher::Take(std::vector<storage::ReadyDelivery> deliveries) { impl_->Take(std::move(deliveries)); }
void Dispatcher::Wake() { impl_->Wake(); }
Dispatcher::Counters Dispatcher::counters() const { return impl_->counters(); }
void Dispatcher::Collect(observability::MetricsPage* page) const { impl_->Collect(page); }

}  // namespace multihub::webhooks
