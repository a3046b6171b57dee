#include "multihub/domain/payment.h"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <utility>

#include "multihub/domain/event_names.h"

using multihub::domain::CanMove;
using multihub::domain::ClientId;
using multihub::domain::Direction;
using multihub::domain::EventOf;
using multihub::domain::IsFinal;
using multihub::domain::IsKnownEvent;
using multihub::domain::IsSuccessful;
using multihub::domain::NameOf;
using multihub::domain::ParsePaymentStatus;
using multihub::domain::PaymentStatus;

namespace {

using Status = PaymentStatus;

struct StatusRow {
  Status status;
  std::string name;
  bool is_final, successful;
  std::string deposit_event, payout_event;
};

const StatusRow kRows[] = {
    {Status::kCreated, "created", false, false, "payment.created", "payout.created"},
    {Status::kProcessing, "processing", false, false, "payment.processing", "payment.processing"},
    {Status::kSuccess, "success", true, true, "payment.completed", "payout.completed"},
    {Status::kError, "error", true, false, "payment.failed", "payout.failed"},
    {Status::kDeclined, "declined", true, false, "payment.failed", "payout.failed"},
    {Status::kCanceled, "canceled", true, false, "payment.cancelled", "payout.failed"},
    {Status::kPartialRefund, "partial_refund", true, true, "payment.refunded", "payment.refunded"},
    {Status::kRefunded, "refunded", true, true, "payment.refunded", "payment.refunded"},
};

}  // namespace

TEST_CASE("each status has its name, finality and success") {
  for (const StatusRow& row : kRows) {
    INFO(row.name);
    CHECK(NameOf(row.status) == row.name);
    Status parsed = row.status == Status::kCreated ? Status::kError : Status::kCreated;
    REQUIRE(ParsePaymentStatus(row.name, &parsed));
    CHECK(parsed == row.status);
    CHECK(IsFinal(row.status) == row.is_final);
    if (row.is_final) CHECK(IsSuccessful(row.status) == row.successful);
  }
}

TEST_CASE("other words are no status") {
  for (const std::string name : {"", "cancelled", "Created", "created ", "success\n", "failed", "pending", "refund"}) {
    INFO(name);
    Status status = Status::kDeclined;
    CHECK_FALSE(ParsePaymentStatus(name, &status));
    CHECK(status == Status::kDeclined);
  }
}

TEST_CASE("the state machine allows exactly the published moves") {
  const std::set<std::pair<Status, Status>> allowed = {
      {Status::kCreated, Status::kProcessing},     {Status::kCreated, Status::kSuccess},
      {Status::kCreated, Status::kError},          {Status::kCreated, Status::kDeclined},
      {Status::kCreated, Status::kCanceled},       {Status::kProcessing, Status::kSuccess},
      {Status::kProcessing, Status::kError},       {Status::kProcessing, Status::kDeclined},
      {Status::kProcessing, Status::kCanceled},    {Status::kSuccess, Status::kPartialRefund},
      {Status::kSuccess, Status::kRefunded},       {Status::kPartialRefund, Status::kPartialRefund},
      {Status::kPartialRefund, Status::kRefunded},
  };
  for (const StatusRow& from : kRows) {
    for (const StatusRow& to : kRows) {
      INFO(from.name << " -> " << to.name);
      CHECK(CanMove(from.status, to.status) == (allowed.count({from.status, to.status}) == 1));
    }
  }
}

TEST_CASE("each change causes its event") {
  for (const StatusRow& row : kRows) {
    INFO(row.name);
    CHECK(EventOf(Direction::kIn, row.status) == row.deposit_event);
    CHECK(EventOf(Direction::kOut, row.status) == row.payout_event);
    CHECK(IsKnownEvent(row.deposit_event));
    CHECK(IsKnownEvent(row.payout_event));
  }
}

TEST_CASE("client identifiers are equal by text, whatever their JSON type") {
  CHECK(ClientId{"7", true} == ClientId{"7", false});
  CHECK_FALSE(ClientId{"007", false} == ClientId{"7", true});
  CHECK_FALSE(ClientId{"7 ", false} == ClientId{"7", false});
}
