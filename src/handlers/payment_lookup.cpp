#include "handlers/payment_lookup.h"

#include <optional>
#include <string>
#include <utility>

#include "multihub/base/seeded_fault.h"

namespace multihub::handlers {

SentClientId ReadClientId(RequestFields* fields, const Branch& parent, bool numbers_allowed) {
  const base::JsonValue sent = fields->Optional(parent, "c_id");
  if (!sent.present()) return {};
  if (sent.is_string()) return {std::string(sent.string()), true};
  if (sent.is_number() && numbers_allowed) {
    const base::WholeNumber number = base::ParseWholeNumber(sent.number_text());
    if (base::SeededFault("c-id-looked-up-as-written")) return {std::string(sent.number_text()), true};
    // "-5" may be the text of some payment; the number -5 is nobody's.
    const bool possible = number.kind == base::WholeNumber::Kind::kInRange && number.value >= 0;
    if (number.kind != base::WholeNumber::Kind::kNotWhole) return {std::to_string(number.value), possible};
  }
  fields->Refuse(parent, "c_id",
                 numbers_allowed ? "must be a string or a whole number"
                                 : "must be a string; this application does not accept numbers");
  return {};
}

errors::Outcome<payments::PaymentLookup> ReadPaymentLookup(const rpc::CallContext& context) {
  RequestFields fields;
  const Branch payment = fields.RequiredObject({context.params, "params"}, "params.payment");
  const Branch identifiers = fields.RequiredObject(payment, "params.payment.identifiers");
  const bool numbers_allowed =
      !context.application.strict_identifiers || base::SeededFault("strict-identifiers-at-creation-only");
  SentClientId c_id = ReadClientId(&fields, identifiers, numbers_allowed);
  const std::optional<std::string_view> h_id = fields.OptionalText(identifiers, "h_id");
  if (!c_id.text && !h_id) fields.Refuse(identifiers.path, "must hold c_id or h_id");
  const std::optional<domain::ServiceId> service_id = fields.OptionalServiceId(context.service_id);
  if (!fields.ok()) return base::Fail(fields.TakeProblem());
  if (!c_id.possible) return base::Fail(errors::Refuse(errors::Code::kPaymentNotFound));
  payments::PaymentLookup lookup;
  lookup.application_id = context.application.id;
  lookup.c_id = std::move(c_id.text);
  if (h_id) lookup.h_id = std::string(*h_id);
  lookup.service_id = service_id;
  lookup.received_us = context.received_us;
  return lookup;
}

}  // namespace multihub::handlers
