#include "multihub/domain/ledger.h"

#include <catch2/catch.hpp>

using namespace multihub::domain;

namespace {

Payment Make(std::int64_t amount, std::int64_t fee) {
  Payment p;
  p.amount.minor = amount;
  p.fee = fee;
  p.provider = "simulator";
  return p;
}

Balance After(Balance before, const Movement& movement) { return Apply(before, movement); }

}  // namespace

TEST_CASE("every movement sums to zero and does what the table of balances says") {
  struct Case {
    Movement movement;
    std::int64_t value, freezing, blocking;
  };
  const std::vector<Case> cases = {
      {DepositCredit(Make(1'000, 15)), 985, 0, 0},
      {DepositCredit(Make(10, 10)), 0, 0, 0},
      {PayoutHold(Make(1'000, 5)), -1'005, 1'005, 0},
      {PayoutDebit(Make(1'000, 5)), 0, -1'005, 0},
      {PayoutRelease(Make(1'000, 5)), 1'005, -1'005, 0},
      {OperatorTopUp(7), 7, 0, 0},
      {OperatorWithdrawal(7), -7, 0, 0},
      {OperatorHold(7), -7, 0, 7},
      {OperatorRelease(7), 7, 0, -7},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.movement.kind));
    CHECK(IsBalanced(c.movement));
    const Balance after = After({}, c.movement);
    CHECK(after.value == c.value);
    CHECK(after.freezing == c.freezing);
    CHECK(after.blocking == c.blocking);
    for (const Posting& posting : c.movement.postings) CHECK(posting.amount != 0);
  }
}

TEST_CASE("a held payout that is released leaves what was there before") {
  const Balance before{5'000, 10, 20};
  const Payment payout = Make(1'000, 5);
  const Balance after = After(After(before, PayoutHold(payout)), PayoutRelease(payout));
  CHECK(after.value == before.value);
  CHECK(after.freezing == before.freezing);
  CHECK(after.blocking == before.blocking);
}

TEST_CASE("no amount may be negative or over 2^53-1") {
  CHECK(IsPermitted({0, 0, 0}));
  CHECK(IsPermitted({kMaxAmount, kMaxAmount, kMaxAmount}));
  CHECK_FALSE(IsPermitted({-1, 0, 0}));
  CHECK_FALSE(IsPermitted({0, -1, 0}));
  CHECK_FALSE(IsPermitted({0, 0, -1}));
  CHECK_FALSE(IsPermitted({kMaxAmount + 1, 0, 0}));
}
