#include "multihub/domain/payment.h"

#include <array>
#include <cstddef>

#include "multihub/base/check.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/domain/event_names.h"

namespace multihub::domain {
namespace {

struct StatusRow {
  PaymentStatus status;
  std::string_view name;
  bool is_final;
  bool successful;
  std::string_view deposit_event;
  std::string_view payout_event;
};

using Status = PaymentStatus;

// In the order of the enum.
constexpr std::array<StatusRow, 8> kRows = {{
    {Status::kCreated, "created", false, false, kPaymentCreated, kPayoutCreated},
    {Status::kProcessing, "processing", false, false, kPaymentProcessing, kPaymentProcessing},
    {Status::kSuccess, "success", true, true, kPaymentCompleted, kPayoutCompleted},
    {Status::kError, "error", true, false, kPaymentFailed, kPayoutFailed},
    {Status::kDeclined, "declined", true, false, kPaymentFailed, kPayoutFailed},
    {Status::kCanceled, "canceled", true, false, kPaymentCancelled, kPayoutFailed},
    {Status::kPartialRefund, "partial_refund", true, true, kPaymentRefunded, kPaymentRefunded},
    {Status::kRefunded, "refunded", true, true, kPaymentRefunded, kPaymentRefunded},
}};

constexpr bool IsInEnumOrder() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].status) != i) return false;
  }
  return true;
}
static_assert(IsInEnumOrder());

const StatusRow& RowOf(PaymentStatus status) {
  const auto index = static_cast<std::size_t>(status);
  MULTIHUB_CHECK(index < kRows.size());
  return kRows[index];
}

bool IsRefund(PaymentStatus status) { return status == Status::kPartialRefund || status == Status::kRefunded; }

}  // namespace

std::string_view NameOf(PaymentStatus status) { return RowOf(status).name; }

bool ParsePaymentStatus(std::string_view name, PaymentStatus* out) {
  for (const StatusRow& row : kRows) {
    if (row.name != name) continue;
    *out = row.status;
    return true;
  }
  return false;
}

bool IsFinal(PaymentStatus status) { return RowOf(status).is_final; }

bool IsSuccessful(PaymentStatus status) { return RowOf(status).successful; }

bool CanMove(PaymentStatus from, PaymentStatus to) {
  switch (from) {
    case Status::kCreated:
      return to != Status::kCreated && !IsRefund(to);
    case Status::kProcessing:
      return IsFinal(to) && !IsRefund(to);
    case Status::kSuccess:
    case Status::kPartialRefund:
      return IsRefund(to);
    case Status::kError:
    case Status::kDeclined:
    case Status::kCanceled:
    case Status::kRefunded:
      return false;
  }
  return false;
}

std::string_view EventOf(Direction direction, PaymentStatus to) {
  const StatusRow& row = RowOf(to);
  if (base::SeededFault("webhook-canceled-as-failed") && to == Status::kCanceled) return kPaymentFailed;
  return direction == Direction::kIn ? row.deposit_event : row.payout_event;
}

}  // namespace multihub::domain
