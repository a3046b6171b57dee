#include "multihub/providers/simulator.h"

#include <catch2/catch.hpp>

using namespace multihub;
using providers::ReportedState;
using providers::Simulator;

namespace {

constexpr base::UnixMs kAccepted = 1'700'000'000'000;

domain::Payment Order(std::int64_t amount) {
  domain::Payment p;
  p.h_id = "pay_01hx3q7k2m4v8d5e6f7g8h9j0k";
  p.amount.minor = amount;
  REQUIRE(domain::Currency::Parse("INR", &p.amount.currency));
  p.created_ms = kAccepted;
  return p;
}

struct Ground {
  base::ManualClock clock{kAccepted};
  Simulator simulator{{2'000}, base::SecretString("key"), clock};
  std::vector<ReportedState> Said(std::int64_t amount, std::int64_t within_ms) {
    std::vector<ReportedState> states;
    for (const auto& request : simulator.CallbacksBetween(Order(amount), kAccepted, kAccepted + within_ms)) {
      const auto callback = simulator.ReadCallback(request);
      REQUIRE(callback.ok());
      CHECK(callback->h_id == Order(amount).h_id);
      states.push_back(callback->report.state);
    }
    return states;
  }
};

}  // namespace

TEST_CASE("the last two digits decide what the simulator says, and when") {
  using S = ReportedState;
  struct Case {
    std::int64_t amount;
    S start;
    std::vector<S> said;  // within a minute
    S asked_early, asked_late;
  };
  const auto c = GENERATE(values<Case>({
      {10'001, S::kPending, {S::kFailed}, S::kPending, S::kFailed},
      {10'002, S::kPending, {S::kDeclined}, S::kPending, S::kDeclined},
      {10'003, S::kPending, {S::kCanceled}, S::kPending, S::kCanceled},
      {10'004, S::kPending, {}, S::kPending, S::kPending},
      {10'006, S::kPending, {S::kSucceeded}, S::kPending, S::kPending},
      {10'007, S::kNoAnswer, {}, S::kPending, S::kSucceeded},
      {10'008, S::kPending, {S::kSucceeded, S::kSucceeded, S::kFailed}, S::kPending, S::kSucceeded},
      {10'009, S::kPending, {S::kSucceeded}, S::kPending, S::kSucceeded},
      {10'000, S::kPending, {S::kSucceeded}, S::kPending, S::kSucceeded},
      {99, S::kPending, {S::kSucceeded}, S::kPending, S::kSucceeded},
  }));
  CAPTURE(c.amount);
  Ground ground;
  CHECK(ground.simulator.Start(Order(c.amount), 0).state == c.start);
  CHECK(ground.Said(c.amount, 60'000) == c.said);
  ground.clock.AdvanceMs(1'999);
  CHECK(ground.simulator.State(Order(c.amount), 0).state == c.asked_early);
  ground.clock.AdvanceMs(1);
  CHECK(ground.simulator.State(Order(c.amount), 0).state == c.asked_late);
}

TEST_CASE("a late success comes after thirty seconds") {
  Ground ground;
  CHECK(ground.Said(10'006, 29'999).empty());
  CHECK(ground.Said(10'006, 30'000).size() == 1);
}

TEST_CASE("09 reports another amount, everything else its own") {
  Ground ground;
  ground.clock.AdvanceMs(2'000);
  CHECK(ground.simulator.State(Order(10'009), 0).amount->minor == 10'010);
  CHECK(ground.simulator.State(Order(10'000), 0).amount->minor == 10'000);
}

TEST_CASE("05 is refused before anything is stored") {
  Ground ground;
  domain::Route route;
  const auto prepared = ground.simulator.Prepare(route, Order(105));
  REQUIRE_FALSE(prepared.ok());
  CHECK(prepared.error().code == errors::Code::kProviderUnavailable);
}

TEST_CASE("two simulators say the same") {
  Ground a, b;
  a.clock.AdvanceMs(5'000);
  b.clock.AdvanceMs(5'000);
  const auto x = a.simulator.State(Order(10'000), 0), y = b.simulator.State(Order(10'000), 0);
  CHECK(x.p_id == y.p_id);
  CHECK(x.utr == y.utr);
  CHECK(x.utr.size() == 12);
}

TEST_CASE("a UPI deposit gets its link, other routes none") {
  Ground ground;
  domain::Route route;
  REQUIRE(domain::Currency::Parse("INR", &route.currency));
  route.method = "upi";
  route.upi_payee = "shop@examplebank";
  route.upi_name = "Example Shop";
  const auto prepared = ground.simulator.Prepare(route, Order(25'000));
  REQUIRE(prepared.ok());
  CHECK(prepared->redirect ==
        "upi://pay?pa=shop%40examplebank&pn=Example%20Shop&am=250.00&cu=INR&tr=pay_01hx3q7k2m4v8d5e6f7g8h9j0k");
  route.upi_payee.clear();
  CHECK(ground.simulator.Prepare(route, Order(25'000)).error().code == errors::Code::kInvalidProvider);
  route.method = "bank_transfer";
  CHECK(ground.simulator.Prepare(route, Order(25'000))->redirect.empty());
}

TEST_CASE("a message that was altered or not signed is refused") {
  Ground ground;
  auto request = ground.simulator.CallbacksBetween(Order(10'000), kAccepted, kAccepted + 5'000).at(0);
  REQUIRE(ground.simulator.ReadCallback(request).ok());
  auto altered = request;
  altered.body.replace(altered.body.find("10000"), 5, "90000");
  CHECK_FALSE(ground.simulator.ReadCallback(altered).ok());
  altered = request;
  altered.headers.clear();
  CHECK_FALSE(ground.simulator.ReadCallback(altered).ok());
  altered = request;
  altered.headers[0].second[0] ^= 1;
  CHECK_FALSE(ground.simulator.ReadCallback(altered).ok());
}
