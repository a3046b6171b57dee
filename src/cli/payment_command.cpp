#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/operator_door.h"
#include "cli/refused.h"
#include "multihub/base/json_writer.h"
#include "multihub/payments/payment_object.h"

namespace multihub::cli {
namespace {

using Access = OperatorDoor::Access;

constexpr std::int64_t kMaxLimit = 10000;
constexpr std::size_t kMaxReason = 255;

struct ListOptions {
  std::optional<std::int64_t> application, limit;
  std::optional<std::string> status, since;
  bool stuck = false;
};

struct SettleOptions {
  std::string h_id, status, reason;
  bool force = false;
};

// The object merchants see, and what only the operator does.
void AppendPayment(base::JsonWriter* json, const domain::Payment& payment) {
  std::string object;
  payments::AppendPaymentObject(&object, payment);
  json->BeginObject().Key("payment").Raw(object).Key("application_id").Int(payment.application_id.value);
  json->Key("provider").String(payment.provider).Key("fee").Int(payment.fee).Key("test").Bool(payment.test).EndObject();
}

std::string AmountText(const domain::Payment& payment) {
  return std::to_string(payment.amount.minor) + " " + std::string(payment.amount.currency.code());
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

std::string TimeText(std::int64_t at_ms) { return at_ms == 0 ? "-" : base::FormatIso8601(at_ms); }

std::string RenderText(const domain::Payment& payment) {
  return FormatTable({{"h_id", payment.h_id},
                      {"application", std::to_string(payment.application_id.value)},
                      {"service", std::to_string(payment.service_id.value)},
                      {"direction", std::string(domain::NameOf(payment.direction))},
                      {"c_id", payment.c_id.text},
                      {"amount", AmountText(payment)},
                      {"fee", std::to_string(payment.fee)},
                      {"status", std::string(domain::NameOf(payment.status))},
                      {"status_version", std::to_string(payment.status_version)},
                      {"provider", payment.provider},
                      {"p_id", OrDash(payment.p_id)},
                      {"utr", OrDash(payment.utr)},
                      {"created", TimeText(payment.created_ms)},
                      {"updated", TimeText(payment.updated_ms)},
                      {"finished", TimeText(payment.finished_ms)}});
}

void Print(Context* context, const domain::Payment& payment) {
  std::string json;
  base::JsonWriter writer(&json);
  AppendPayment(&writer, payment);
  context->Print(json, RenderText(payment));
}

void Show(Context* context, const std::string& h_id) {
  OperatorDoor door(context, Access::kReadOnly);
  const std::optional<domain::Payment> payment = door->ShowPayment(h_id);
  if (!payment) throw Refused("There is no payment " + h_id + ".");
  Print(context, *payment);
}

domain::PaymentStatus ToStatus(const std::string& word) {
  domain::PaymentStatus status{};
  if (!domain::ParsePaymentStatus(word, &status)) {
    throw Refused("'" + word +
                  "' is no status; they are created, processing, success, error, declined, canceled, "
                  "partial_refund and refunded.");
  }
  return status;
}

base::UnixMs ToTime(const std::string& text) {
  base::UnixMs at_ms = 0;
  if (base::ParseIso8601(text, &at_ms) || base::ParseIso8601(text + "T00:00:00Z", &at_ms)) return at_ms;
  throw Refused("--since must be a UTC date or time, such as 2026-05-01 or 2026-05-01T10:00:00Z.");
}

payments::PaymentFilter ToFilter(const ListOptions& options) {
  payments::PaymentFilter filter;
  if (options.application) filter.application_id = ToApplicationId(*options.application);
  if (options.status) filter.status = ToStatus(*options.status);
  if (options.since) filter.since_ms = ToTime(*options.since);
  filter.stuck = options.stuck;
  if (options.limit && (*options.limit < 1 || *options.limit > kMaxLimit)) {
    throw Refused("--limit must be 1 to " + std::to_string(kMaxLimit) + ".");
  }
  if (options.limit) filter.limit = static_cast<int>(*options.limit);
  return filter;
}

void List(Context* context, const ListOptions& options) {
  const payments::PaymentFilter filter = ToFilter(options);
  OperatorDoor door(context, Access::kReadOnly);
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("payments").BeginArray();
  std::vector<std::vector<std::string>> table = {
      {"h_id", "application", "service", "c_id", "amount", "status", "created"}};
  for (const domain::Payment& payment : door->ListPayments(filter)) {
    AppendPayment(&writer, payment);
    table.push_back({payment.h_id, std::to_string(payment.application_id.value),
                     std::to_string(payment.service_id.value), payment.c_id.text, AmountText(payment),
                     std::string(domain::NameOf(payment.status)), TimeText(payment.created_ms)});
  }
  writer.EndArray().EndObject();
  context->Print(json, FormatTable(table));
}

void Settle(Context* context, const SettleOptions& options) {
  CheckText("--reason", options.reason, kMaxReason);
  payments::SettleCommand command;
  command.h_id = options.h_id;
  command.status = ToStatus(options.status);
  command.reason = options.reason;
  command.force = options.force;
  OperatorDoor door(context, Access::kFull);
  const auto settled = door->Settle(command);
  if (!settled.ok()) throw Refused(settled.error());
  Print(context, *settled);
}

void AddList(Command* group, Context* context) {
  auto options = std::make_shared<ListOptions>();
  group->Add("list", "Shows payments, the newest first", "multihub payment list --app 1 --status processing")
      .Option("--app", &options->application, "Of this application")
      .Option("--status", &options->status, "In this status")
      .Option("--since", &options->since, "Created since this UTC date or time")
      .Option("--limit", &options->limit, "At most so many (50)")
      .Flag("--stuck", &options->stuck, "Not final six hours after creation")
      .Run([context, options] { List(context, *options); });
}

void AddSettle(Command* group, Context* context) {
  auto options = std::make_shared<SettleOptions>();
  group
      ->Add("settle", "Ends a payment by the operator's word",
            "multihub payment settle pay_01hx3q7k2m4v8d5e6f7g8h9j0k --status success --reason \"bank statement\"")
      .Option("h_id", &options->h_id, "The payment", Command::Need::kRequired)
      .Choice("--status", &options->status, {"success", "error", "declined", "canceled"}, "What became of it")
      .Option("--reason", &options->reason, "Kept with the entry", Command::Need::kRequired)
      .Flag("--force", &options->force, "Ends a payout as failed although the provider may have been told of it")
      .Run([context, options] { Settle(context, *options); });
}

}  // namespace

void AddPayment(Command* root, Context* context) {
  Command group = root->Group("payment", "Payments");
  auto h_id = std::make_shared<std::string>();
  group.Add("show", "Shows one payment", "multihub payment show pay_01hx3q7k2m4v8d5e6f7g8h9j0k")
      .Option("h_id", h_id.get(), "The payment", Command::Need::kRequired)
      .Run([context, h_id] { Show(context, *h_id); });
  AddList(&group, context);
  AddSettle(&group, context);
}

}  // namespace multihub::cli
