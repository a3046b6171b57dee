#include "payments/event_log.h"

#include "multihub/base/ids.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/seeded_fault.h"
#include "multihub/payments/payment_object.h"

namespace multihub::payments {
namespace {

using domain::PaymentStatus;

std::string EventId(const domain::Payment& payment, PaymentStatus previous, std::string_view event) {
  std::string id = payment.h_id + ":" + std::string(event);
  // `payment.refunded` can come more than once: after a partial refund the id tells which.
  if (previous == PaymentStatus::kPartialRefund) id += ":" + std::to_string(payment.status_version);
  return id;
}

}  // namespace

storage::EventRow MakeEvent(const domain::Payment& payment, PaymentStatus previous, base::Random& random) {
  storage::EventRow row;
  row.h_id = payment.h_id;
  row.status_version = payment.status_version;
  row.event = std::string(domain::EventOf(payment.direction, payment.status));
  row.event_id = EventId(payment, previous, row.event);
  row.application_id = payment.application_id;
  row.created_ms = payment.updated_ms;
  row.body.reserve(1024);
  base::JsonWriter json(&row.body);
  json.BeginObject();
  json.Key("id").String(row.event_id);
  json.Key("created_at").String(base::FormatIso8601(row.created_ms));
  std::string object;
  object.reserve(768);
  AppendPaymentObject(&object, payment);
  json.Key("data").BeginObject().Key("next").Null();
  json.Key("result").BeginObject().Key("payment").Raw(object).EndObject();
  json.Key("success").Bool(true).Key("request_id").String(base::NewUuid(random)).Key("processing_time").Int(0);
  json.EndObject();
  if (base::SeededFault("webhook-body-names-application")) json.Key("application_id").Int(payment.application_id.value);
  json.Key("merchant_id").String(std::to_string(payment.merchant_id.value));
  json.EndObject();
  return row;
}

}  // namespace multihub::payments
