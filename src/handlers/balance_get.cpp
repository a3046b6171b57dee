#include <string>
#include <utility>

#include "handlers/methods.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/seeded_fault.h"

namespace multihub::handlers {
namespace {

std::string RenderBalance(domain::ApplicationId id, bool enabled, const payments::BalanceView& balance) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("balance").BeginObject();
  writer.Key("id").Int(id.value);
  writer.Key("amounts").BeginArray();
  for (const payments::BalanceAmount& amount : balance.amounts) {
    writer.BeginObject();
    const bool frozen_too = base::SeededFault("frozen-counted-as-available");
    writer.Key("value").Int(frozen_too ? amount.value + amount.freezing : amount.value);
    writer.Key("value_freezing").Int(amount.freezing);
    writer.Key("value_blocking").Int(amount.blocking);
    writer.Key("currency").String(amount.currency);
    writer.Key("enabled").Bool(amount.enabled);
    writer.EndObject();
  }
  writer.EndArray();
  writer.Key("enabled").Bool(enabled);
  writer.EndObject().EndObject();
  return json;
}

}  // namespace

void BalanceGet(payments::Payments& payments, const rpc::CallContext& context, rpc::Finish finish) {
  const domain::ApplicationId id = context.application.id;
  const bool enabled = context.application.balance_enabled;
  payments.Balance(id, context.received_us,
                   [id, enabled, finish = std::move(finish)](errors::Outcome<payments::BalanceView> outcome) {
                     if (!outcome) return finish(base::Fail(std::move(outcome).error()));
                     finish(RenderBalance(id, enabled, outcome.value()));
                   });
}

}  // namespace multihub::handlers
