#include "simulation/outside_world_fixture.h"

#include <ctime>

namespace multihub::simulation {

using providers::Report;
using providers::ReportedState;

namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kHourMs = 3600 * kSecondMs;

}  // namespace

// ---- the provider ------------------------------------------------------------------------------------------------

OutsideProvider::Order& OutsideProvider::Take(const domain::Payment& payment) {
  const auto [at, is_new] = orders_.try_emplace(payment.h_id);
  Order& order = at->second;
  if (!is_new) return order;
  static constexpr ReportedState kEnds[] = {ReportedState::kSucceeded, ReportedState::kSucceeded,
                                            ReportedState::kSucceeded, ReportedState::kFailed,
                                            ReportedState::kDeclined,  ReportedState::kCanceled};
  order.end = kEnds[random_.Below(std::size(kEnds))];
  // Most are decided within seconds, some after hours.
  const std::int64_t longest_ms = OneIn(20) ? 8 * kHourMs : OneIn(3) ? 120 * kSecondMs : 5 * kSecondMs;
  order.ready_ms = clock_.NowMs() + static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(longest_ms)));
  order.p_id = "sim_" + std::to_string(orders_.size());
  order.utr = std::to_string(400'000'000'000 + orders_.size());
  order.amount = payment.amount;
  if (!calm_) PlanCallbacks(payment.h_id, order);
  return order;
}

// Each message says some of what is known, now and then something that is not so.
Report OutsideProvider::Say(const Order& order, ReportedState state) {
  Report report;
  report.state = state;
  if (OneIn(2)) report.p_id = order.p_id;
  if (OneIn(2)) report.utr = order.utr;
  if (state != ReportedState::kPending && random_.Below(3) > 0) report.amount = order.amount;
  if (!calm_ && report.amount && OneIn(15)) report.amount->minor += 1 + static_cast<std::int64_t>(random_.Below(9));
  return report;
}

void OutsideProvider::PlanCallbacks(const std::string& h_id, const Order& order) {
  const std::uint64_t count = random_.Below(4);
  for (std::uint64_t i = 0; i < count; ++i) {
    ReportedState state = order.end;
    if (OneIn(3)) state = ReportedState::kPending;
    if (OneIn(40)) state = ReportedState::kFailed;
    const auto late_ms = static_cast<std::int64_t>(random_.Below(OneIn(10) ? 600 * kSecondMs : 4 * kSecondMs));
    // "Pending" may come at any time, also after the end.
    const base::UnixMs at_ms = (state == ReportedState::kPending ? clock_.NowMs() : order.ready_ms) + late_ms;
    callbacks_.emplace(at_ms, Callback{h_id, Say(order, state)});
  }
}

Report OutsideProvider::Start(const domain::Payment& payment) {
  if (!calm_ && OneIn(20)) return {};  // it never arrived
  const Order& order = Take(payment);
  if (!calm_ && OneIn(8)) return {};  // the answer was lost
  return Say(order, clock_.NowMs() >= order.ready_ms || calm_ || OneIn(10) ? order.end : ReportedState::kPending);
}

Report OutsideProvider::State(const domain::Payment& payment) {
  if (!calm_ && OneIn(10)) return {};
  const auto found = orders_.find(payment.h_id);
  if (found == orders_.end()) {
    Report report;
    report.state = ReportedState::kNotKnown;
    return report;
  }
  const bool decided = calm_ || clock_.NowMs() >= found->second.ready_ms;
  return Say(found->second, decided ? found->second.end : ReportedState::kPending);
}

std::vector<Callback> OutsideProvider::TakeCallbacks(std::size_t most) {
  std::vector<Callback> due;
  while (due.size() < most && !callbacks_.empty() && callbacks_.begin()->first <= clock_.NowMs()) {
    due.push_back(std::move(callbacks_.begin()->second));
    callbacks_.erase(callbacks_.begin());
  }
  return due;
}

void OutsideProvider::Repeat(Callback callback) {
  callbacks_.emplace(clock_.NowMs() + 3 * kSecondMs, std::move(callback));
}

std::optional<base::UnixMs> OutsideProvider::next_callback_ms() const {
  if (callbacks_.empty()) return std::nullopt;
  return callbacks_.begin()->first;
}

// ---- the receivers -----------------------------------------------------------------------------------------------

void Receivers::ChangeAMood() {
  if (moods_.empty()) return;
  auto at = moods_.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(random_.Below(moods_.size())));
  static constexpr Mood kMoods[] = {Mood::kGood,    Mood::kGood,   Mood::kGood, Mood::kSlow,       Mood::kFlaky,
                                    Mood::kFailing, Mood::kSilent, Mood::kDown, Mood::kThrottling, Mood::kGood};
  at->second = random_.Below(60) == 0 ? Mood::kGone : kMoods[random_.Below(std::size(kMoods))];
}

Reception Receivers::Receive(const std::string& url, std::int64_t timeout_ms) {
  const Mood mood = calm_ ? Mood::kGood : moods_.try_emplace(url, Mood::kGood).first->second;
  Reception reception{Answer(mood, timeout_ms), mood != Mood::kDown};
  return reception;
}

net::OutgoingAnswer Receivers::Answer(Mood mood, std::int64_t timeout_ms) {
  net::OutgoingAnswer answer;
  answer.duration_ms = 1 + static_cast<std::int64_t>(random_.Below(200));
  answer.status = 200 + static_cast<int>(random_.Below(5));
  const auto fail = [&](net::CallError error, std::int64_t after_ms) {
    answer.error = error;
    answer.status = 0;
    answer.duration_ms = after_ms;
  };
  const std::uint64_t fate = random_.Below(6);
  switch (mood) {
    case Mood::kGood:
      break;
    case Mood::kSlow:
      answer.duration_ms = static_cast<std::int64_t>(random_.Below(static_cast<std::uint64_t>(timeout_ms)));
      break;
    case Mood::kFlaky:
      if (fate == 0) answer.status = 500;
      if (fate == 1) answer.status = 302;
      if (fate == 2) fail(net::CallError::kNetwork, 40);
      break;
    case Mood::kFailing:
      answer.status = fate == 0 ? 404 : 500;
      answer.body = "not now\xff";
      break;
    case Mood::kSilent:
      fail(net::CallError::kTimeout, timeout_ms);
      break;
    case Mood::kDown:
      fail(fate < 3 ? net::CallError::kConnect : net::CallError::kResolve, 3);
      break;
    case Mood::kThrottling:
      answer.status = fate % 2 == 0 ? 429 : 503;
      if (fate < 3) answer.retry_after = std::to_string(random_.Below(4'000));
      if (fate == 3) answer.retry_after = "Fri, 31 Dec 9999 23:59:59 GMT";
      if (fate == 4) answer.retry_after = "soon";
      break;
    case Mood::kGone:
      answer.status = 410;
      break;
  }
  return answer;
}

}  // namespace multihub::simulation
