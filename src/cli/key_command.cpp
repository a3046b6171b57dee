#include <memory>

#include "cli/commands.h"
#include "cli/refused.h"
#include "cli/security.h"
#include "multihub/base/json_writer.h"
#include "multihub/payments/reseal_cards.h"
#include "multihub/webhooks/reseal_endpoints.h"

namespace multihub::cli {
namespace {

struct Resealed {
  std::int64_t applications = 0;
  std::int64_t cards = 0;
  std::int64_t webhooks = 0;
};

void ResealApplication(storage::Session& unit, storage::ApplicationRow row, const ApplicationSecrets& present,
                       const ApplicationSecrets& next, const base::MasterKey& next_key) {
  next.SetWebhookSecret(&row, present.WebhookSecret(row));
  std::string previous_digest;
  if (!row.sealed_previous_secret.empty()) {
    const base::SecretString previous = present.PreviousSecret(row);
    previous_digest = SecretDigest(next_key, previous);
    next.SetPreviousSecret(&row, previous);
  }
  next.SetSecret(&row, present.Secret(row));
  storage::ResealApplication(unit, row, previous_digest);
}

// One transaction: a rotation that is killed or refused has changed nothing.
Resealed Reseal(storage::Session& session, const base::MasterKey& present_key, const base::MasterKey& next_key) {
  base::Random& random = base::SystemRandomInstance();
  const ApplicationSecrets present(present_key, random), next(next_key, random);
  Resealed count;
  storage::RunUnit(session, kUnitBudgetMs, [&](storage::Session& unit) {
    storage::LockDirectory(unit);
    const std::vector<storage::ApplicationRow> rows = storage::LoadDirectory(unit).applications;
    for (const storage::ApplicationRow& row : rows) ResealApplication(unit, row, present, next, next_key);
    const std::optional<std::int64_t> cards = payments::ResealCards(unit, present_key, next_key, random);
    if (!cards) {
      throw Refused("A sealed card number does not open under the present master key; nothing was changed.");
    }
    const std::optional<std::int64_t> endpoints = webhooks::ResealEndpoints(unit, present_key, next_key, random);
    if (!endpoints) {
      throw Refused("The secret of a webhook does not open under the present master key; nothing was changed.");
    }
    AdoptMasterKey(unit, present_key, next_key, random);
    count = {static_cast<std::int64_t>(rows.size()), *cards, *endpoints};
  });
  return count;
}

void Rotate(Context* context, const std::string& new_key_file) {
  const base::MasterKey next = ReadMasterKeyFile(new_key_file);
  const storage::DatabaseUrl url = context->database_url();
  const auto session = context->OpenCurrent(url);
  const base::MasterKey present = OpenMasterKey(context->config(), url, *session);
  if (present.key_id() == next.key_id()) {
    throw Refused("The database is sealed under the key in " + new_key_file + " already.");
  }
  const Resealed count = Reseal(*session, present, next);
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("previous_key_id").String(present.key_id()).Key("key_id").String(next.key_id());
  writer.Key("applications").Int(count.applications).Key("cards").Int(count.cards);
  writer.Key("webhooks").Int(count.webhooks).EndObject();
  context->Print(json, "Everything is sealed under key " + next.key_id() + " now (" +
                           std::to_string(count.applications) + " applications, " + std::to_string(count.cards) +
                           " cards, " + std::to_string(count.webhooks) +
                           " webhooks). Set it as the master key and restart every gateway.");
}

}  // namespace

void AddKey(Command* root, Context* context) {
  Command group = root->Group("key", "The master key");
  auto file = std::make_shared<std::string>();
  group
      .Add("rotate", "Seals all secrets under a new master key; stop the gateways first",
           "multihub key rotate --new-key-file /run/secrets/new_master_key")
      .Option("--new-key-file", file.get(), "File with the new key: 32 bytes in base64", Command::Need::kRequired)
      .Run([context, file] { Rotate(context, *file); });
}

}  // namespace multihub::cli
