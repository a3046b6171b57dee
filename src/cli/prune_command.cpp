#include <memory>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/refused.h"
#include "multihub/base/json_writer.h"
#include "multihub/storage/retention.h"

namespace multihub::cli {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
// Longer than any webhook is tried.
constexpr std::int64_t kLeastAgeMs = 7 * kDayMs;

struct PruneOptions {
  std::optional<std::string> older_than;
  bool dry_run = false;
};

void Prune(Context* context, const PruneOptions& options) {
  const std::int64_t age_ms = options.older_than ? ToDurationMs("--older-than", *options.older_than)
                                                 : context->config().retention.days * kDayMs;
  if (age_ms < kLeastAgeMs) throw Refused("--older-than must be at least 7d: webhooks are tried for days.");
  const auto session = context->OpenCurrent();
  const storage::Pruned pruned = storage::Prune(*session, session->DatabaseNowMs() - age_ms, options.dry_run);
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("dry_run").Bool(options.dry_run).Key("deliveries").Int(pruned.deliveries);
  writer.Key("attempts").Int(pruned.attempts).Key("events").Int(pruned.events);
  writer.Key("nonces").Int(pruned.nonces).EndObject();
  context->Print(json, std::string(options.dry_run ? "Would remove " : "Removed ") + std::to_string(pruned.deliveries) +
                           " deliveries with " + std::to_string(pruned.attempts) + " attempts, " +
                           std::to_string(pruned.events) + " events and " + std::to_string(pruned.nonces) + " nonces.");
}

}  // namespace

void AddPrune(Command* root, Context* context) {
  auto options = std::make_shared<PruneOptions>();
  root->Add("prune", "Removes old finished deliveries and superseded events; never a payment or a ledger entry",
            "multihub prune --older-than 90d")
      .Option("--older-than", &options->older_than, "Age, such as 90d, at least 7d (retention.days)")
      .Flag("--dry-run", &options->dry_run, "Only counts")
      .Run([context, options] { Prune(context, *options); });
}

}  // namespace multihub::cli
