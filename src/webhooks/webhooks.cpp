#include "multihub/webhooks/webhooks.h"

#include <memory>
#include <utility>

#include "multihub/storage/webhook_store.h"

namespace multihub::webhooks {
namespace {

using storage::DeliveryRow;
using storage::EndpointRow;
using storage::Session;

// One call's change, as often as it is run.
template <typename T>
class NoncedChange {
 public:
  using Work = std::function<errors::Outcome<T>(const Unit&)>;
  NoncedChange(ChangeCall call, base::UnixMs asked_ms, Work work)
      : call_(std::move(call)), expires_ms_(asked_ms + kNonceMs), work_(std::move(work)) {}

  void Run(Session& session, base::UnixMs now_ms) {
    outcome_.reset();
    // Calls of one application go one by one from here: what is found stays so.
    storage::LockApplication(session, call_.application);
    const auto used_until = storage::NonceExpiry(session, call_.application, call_.nonce);
    if (used_until && *used_until >= now_ms) {
      outcome_ = WasThisCall(*used_until) ? *written_ : NonceUsed();
      return;
    }
    outcome_ = work_({session, call_.application, now_ms,
                      [this, now_ms](Session& unit) { return UseNonce(unit, now_ms); }, call_.trace});
    if (outcome_->ok()) written_ = outcome_;
  }

  errors::Outcome<T> TakeOutcome() { return std::move(*outcome_); }

 private:
  // An earlier run has used the nonce, and its commit, of which nobody knew the end, had happened.
  bool WasThisCall(base::UnixMs used_until) const { return written_ && used_until == expires_ms_; }

  static errors::Outcome<T> NonceUsed() {
    return base::Fail(errors::Invalid("params.nonce", "params.nonce was used before; every call needs a new one"));
  }

  std::optional<errors::Refusal> UseNonce(Session& session, base::UnixMs now_ms) {
    if (storage::UseNonce(session, call_.application, call_.nonce, now_ms, expires_ms_)) return std::nullopt;
    return NonceUsed().error();
  }

  const ChangeCall call_;
  const base::UnixMs expires_ms_;
  const Work work_;
  std::optional<errors::Outcome<T>> outcome_, written_;
};

}  // namespace

Webhooks::Webhooks(storage::Access& access, Sender& sender, const base::MasterKey& key, const base::Clock& clock,
                   base::Random& random, std::function<void()> wake, std::unique_ptr<TargetCheck> targets)
    : access_(access),
      sender_(sender),
      key_(key),
      clock_(clock),
      random_(random),
      wake_(std::move(wake)),
      targets_(std::move(targets)) {}

base::UnixMs Webhooks::NowMs() const { return clock_.NowMs(); }

template <typename T>
void Webhooks::Judged(const std::optional<std::string>& url, Done<T> done, std::function<void(Done<T>)> go_on) {
  if (targets_ == nullptr || !url) return go_on(std::move(done));
  targets_->Judge(*url, [done = std::move(done), go_on = std::move(go_on)](const std::optional<std::string>& problem) {
    if (!problem) return go_on(done);
    done(base::Fail(errors::Invalid("params.url", "params.url " + *problem)));
  });
}

template <typename T>
void Webhooks::Look(const LookCall& call, std::function<errors::Outcome<T>(Session&)> read, Done<T> done) {
  const bool taken = access_.Read(
      call.received_us, [read = std::move(read), done](Session& session) { done(read(session)); },
      [done](const std::string& internal) { done(base::Fail(errors::HubError(internal))); });
  if (!taken) done(base::Fail(errors::Busy()));
}

template <typename T>
void Webhooks::Change(const ChangeCall& call, std::function<errors::Outcome<T>(const Unit&)> change, Done<T> done) {
  auto nonced = std::make_shared<NoncedChange<T>>(call, clock_.NowMs(), std::move(change));
  const bool taken = access_.Write(
      call.application, [this, nonced](Session& session) { nonced->Run(session, clock_.NowMs()); },
      [nonced, done](bool stored, const std::string& internal) {
        if (!stored) return done(base::Fail(errors::HubError(internal)));
        done(nonced->TakeOutcome());
      });
  if (!taken) done(base::Fail(errors::Busy()));
}

void Webhooks::Create(ChangeCall call, EndpointSettings settings, Done<EndpointWithSecret> done) {
  const std::optional<std::string> url = settings.url;
  Judged<EndpointWithSecret>(url, std::move(done), [this, call, settings](const Done<EndpointWithSecret>& answer) {
    const EndpointWithSecret made = MakeEndpoint(call.application, settings, key_, clock_.NowMs(), random_);
    Change<EndpointRow>(
        call, [row = made.row](const Unit& unit) { return CreateEndpoint(unit, row); },
        [secret = made.secret, answer](errors::Outcome<EndpointRow> outcome) {
          if (!outcome) return answer(base::Fail(std::move(outcome).error()));
          answer(EndpointWithSecret{std::move(outcome).value(), secret});
        });
  });
}

void Webhooks::List(LookCall call, std::string source, Done<std::vector<EndpointRow>> done) {
  Look<std::vector<EndpointRow>>(
      call,
      [application = call.application, source = std::move(source)](Session& session) {
        return errors::Outcome<std::vector<EndpointRow>>(ListEndpoints(session, application, source));
      },
      std::move(done));
}

void Webhooks::Get(LookCall call, std::string id, EndpointDone done) {
  Look<EndpointRow>(
      call,
      [application = call.application, id = std::move(id)](Session& session) {
        return GetEndpoint(session, application, id);
      },
      std::move(done));
}

void Webhooks::Update(ChangeCall call, std::string id, EndpointSettings settings, EndpointDone done) {
  const std::optional<std::string> url = settings.url;
  Judged<EndpointRow>(url, std::move(done), [this, call, id, settings](const EndpointDone& answer) {
    Change<EndpointRow>(
        call, [id, settings](const Unit& unit) { return ChangeEndpoint(unit, id, settings); }, answer);
  });
}

void Webhooks::Remove(ChangeCall call, std::string id, EndpointDone done) {
  Change<EndpointRow>(
      call, [id = std::move(id)](const Unit& unit) { return RemoveEndpoint(unit, id); }, std::move(done));
}

void Webhooks::Switch(ChangeCall call, std::string id, bool enabled, EndpointDone done) {
  Change<EndpointRow>(
      call, [id = std::move(id), enabled](const Unit& unit) { return SwitchEndpoint(unit, id, enabled); },
      std::move(done));
}

void Webhooks::RotateSecret(ChangeCall call, std::string id, Done<EndpointWithSecret> done) {
  const SealedSecret made = MakeSecret(id, key_, random_);
  Change<EndpointRow>(
      call,
      [id = std::move(id), sealed = made.sealed](const Unit& unit) { return RotateEndpointSecret(unit, id, sealed); },
      [secret = made.secret, done = std::move(done)](errors::Outcome<EndpointRow> outcome) {
        if (!outcome) return done(base::Fail(std::move(outcome).error()));
        done(EndpointWithSecret{std::move(outcome).value(), secret});
      });
}

void Webhooks::Test(ChangeCall call, std::string id, Done<TestedEndpoint> done) {
  // The nonce is stored before anything is sent.
  Change<EndpointRow>(
      call, [id = std::move(id)](const Unit& unit) { return EndpointToTest(unit, id); },
      [this, merchant = call.merchant, trace = call.trace,
       done = std::move(done)](errors::Outcome<EndpointRow> outcome) {
        if (!outcome) return done(base::Fail(std::move(outcome).error()));
        const EndpointRow& row = outcome.value();
        OutgoingWebhook test = MakeTest(row, merchant, clock_.NowMs(), random_);
        if (trace.given()) test.trace = trace;
        sender_.Send(test, [row, done](SentAttempt sent) { done(TestedEndpoint{row, AttemptOf(sent)}); });
      });
}

void Webhooks::ListEvents(LookCall call, EventQuery query, Done<EventPage> done) {
  Look<EventPage>(
      call,
      [query = std::move(query)](Session& session) { return errors::Outcome<EventPage>(PageOfEvents(session, query)); },
      std::move(done));
}

void Webhooks::GetEvent(LookCall call, std::string event_id, Done<EventDetail> done) {
  Look<EventDetail>(
      call,
      [application = call.application, event_id = std::move(event_id)](Session& session) {
        return DetailOfEvent(session, application, event_id);
      },
      std::move(done));
}

void Webhooks::Replay(ChangeCall call, std::string event_id, std::optional<std::string> endpoint_id,
                      Done<std::vector<DeliveryRow>> done) {
  Change<std::vector<DeliveryRow>>(
      call,
      [this, event_id = std::move(event_id), endpoint_id = std::move(endpoint_id)](const Unit& unit) {
        return ReplayEvent(unit, event_id, endpoint_id, random_);
      },
      [this, done = std::move(done)](errors::Outcome<std::vector<DeliveryRow>> outcome) {
        if (outcome) wake_();
        done(std::move(outcome));
      });
}

}  // namespace multihub::webhooks
