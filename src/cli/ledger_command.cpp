#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/directory_rows.h"
#include "cli/input.h"
#include "cli/operator_door.h"
#include "cli/refused.h"
#include "multihub/base/json_writer.h"
#include "multihub/observability/log.h"
#include "multihub/storage/ledger_store.h"

namespace multihub::cli {
namespace {

constexpr std::int64_t kKeepWithinMs = 10'000;

std::string RenderJson(const payments::LedgerVerdict& verdict) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("ok").Bool(!verdict.problem).Key("balances").Int(verdict.balances);
  writer.Key("entries").Int(verdict.entries).Key("payments").Int(verdict.payments).Key("problem");
  if (!verdict.problem) {
    writer.Null();
  } else {
    const payments::LedgerProblem& problem = *verdict.problem;
    writer.BeginObject().Key("application_id").Int(problem.application_id.value);
    writer.Key("currency").String(problem.currency).Key("sequence").Int(problem.sequence);
    writer.Key("description").String(problem.description).EndObject();
  }
  writer.EndObject();
  return json;
}

std::string SentenceOf(const payments::LedgerProblem& problem) {
  return "The ledger is not sound: application " + std::to_string(problem.application_id.value) + ", " +
         problem.currency + (problem.sequence == 0 ? "" : ", entry " + std::to_string(problem.sequence)) + ": " +
         problem.description;
}

// For the metrics page of the gateways. Of one application only a difference says something about the whole.
void KeepResult(storage::Session& session, const payments::LedgerVerdict& verdict, bool whole) {
  if (!whole && !verdict.problem) return;
  try {
    const storage::LedgerVerification result{!verdict.problem, session.DatabaseNowMs()};
    storage::RunUnit(session, kKeepWithinMs, [&](storage::Session& unit) { storage::KeepVerification(unit, result); });
  } catch (const storage::StorageFailure& failure) {
    // The verdict stands, whether or not this account may write.
    observability::Log(observability::LogLevel::kWarn, "ledger_verification_not_kept",
                       {{observability::LogField::kDetail, std::string(failure.what())}});
  }
}

void Verify(Context* context, std::optional<std::int64_t> application) {
  OperatorDoor door(context, OperatorDoor::Access::kFull);
  std::optional<domain::ApplicationId> id;
  if (application) id = RequireApplication(door.session(), ToApplicationId(*application)).id;
  const payments::LedgerVerdict verdict = door->VerifyLedger(id);
  KeepResult(door.session(), verdict, !id);
  context->Print(RenderJson(verdict), "Checked " + std::to_string(verdict.balances) + " balances, " +
                                          std::to_string(verdict.entries) + " entries and " +
                                          std::to_string(verdict.payments) +
                                          " payments: " + (verdict.problem ? "not sound." : "all sound."));
  if (verdict.problem) throw Refused(SentenceOf(*verdict.problem));
}

}  // namespace

void AddLedger(Command* root, Context* context) {
  Command group = root->Group("ledger", "The ledger behind the balances");
  auto application = std::make_shared<std::optional<std::int64_t>>();
  group.Add("verify", "Recomputes every balance and chain; fails at the first difference", "multihub ledger verify")
      .Option("--app", application.get(), "Only this application's")
      .Run([context, application] { Verify(context, *application); });
}

}  // namespace multihub::cli
