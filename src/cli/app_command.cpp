#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/directory_rows.h"
#include "cli/input.h"
#include "cli/refused.h"
#include "cli/security.h"
#include "multihub/base/clock.h"
#include "multihub/base/ip_address.h"
#include "multihub/base/json_writer.h"
#include "multihub/webhooks/signature.h"

namespace multihub::cli {
namespace {

constexpr std::size_t kShortestBroughtSecret = 8;
constexpr const char* kSecretTaken = "That secret is used already, by this or another application; choose another.";

struct CreateOptions {
  std::int64_t merchant = 0;
  std::optional<std::int64_t> id;
  std::optional<std::string> secret_file;
  bool test = false;
  bool strict_identifiers = false;
};

struct RotateOptions {
  std::int64_t id = 0;
  std::string overlap = "24h";
  std::optional<std::string> secret_file;
};

struct AllowOptions {
  std::int64_t id = 0;
  std::vector<std::string> cidrs;
};

struct SetOptions {
  std::int64_t id = 0;
  std::string strict_identifiers;
};

base::SecretString ChooseSecret(const std::optional<std::string>& file) {
  if (!file) return NewApplicationSecret(base::SystemRandomInstance());
  base::SecretString secret = ReadSecretFile(*file);
  if (secret.Reveal().size() < kShortestBroughtSecret) {
    throw Refused("The secret in " + *file +
                  " is too short: whoever sees one signed call could guess it. Use at least " +
                  std::to_string(kShortestBroughtSecret) + " characters.");
  }
  return secret;
}

// Runs `work`; a key that is taken becomes `sentence`.
void ChangeUnlessTaken(storage::Session& session, const std::function<void(storage::Session&)>& work,
                       const std::string& sentence) {
  try {
    storage::RunUnit(session, kUnitBudgetMs, work);
  } catch (const storage::StorageFailure& failure) {
    if (failure.kind() != storage::StorageFailure::Kind::kDuplicate) throw;
    throw Refused(sentence);
  }
}

void CheckLiveAllowed(const Config& config, storage::Session& session) {
  if (IsSandbox(session)) {
    throw Refused("This database is a sandbox, whose secrets are public; create test applications only (--test).");
  }
  if (config.webhooks.allow_private_networks && !config.webhooks.allow_private_networks_with_live) {
    throw Refused(
        "webhooks.allow_private_networks is set: no live application is created under it; unset it, or set "
        "webhooks.allow_private_networks_with_live as well.");
  }
}

void RequireIdFree(storage::Session& session, domain::ApplicationId id) {
  for (const storage::ApplicationRow& row : storage::LoadDirectory(session).applications) {
    if (row.id == id) {
      throw Refused("There is an application " + std::to_string(id.value) + " already; choose another --id.");
    }
  }
}

void PrintSecrets(Context* context, const storage::ApplicationRow& row, const base::SecretString& secret,
                  const base::SecretString& webhook_secret) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("application_id").Int(row.id.value).Key("merchant_id").Int(row.merchant_id.value);
  writer.Key("test").Bool(row.test).Key("strict_identifiers").Bool(row.strict_identifiers);
  writer.Key("secret").String(secret.Reveal()).Key("webhook_secret").String(webhook_secret.Reveal()).EndObject();
  const std::string text = "application_id  " + std::to_string(row.id.value) + "\nsecret          " +
                           std::string(secret.Reveal()) + "\nwebhook secret  " + std::string(webhook_secret.Reveal()) +
                           "\nThe secrets are not shown again.";
  context->Print(json, text);
}

void Create(Context* context, const CreateOptions& options) {
  const domain::MerchantId merchant = ToMerchantId(options.merchant);
  if (options.id) ToApplicationId(*options.id);
  const storage::DatabaseUrl url = context->database_url();
  const auto session = context->OpenCurrent(url);
  if (!options.test) CheckLiveAllowed(context->config(), *session);
  RequireMerchant(*session, merchant);
  const base::MasterKey key = OpenMasterKey(context->config(), url, *session);
  const base::SecretString secret = ChooseSecret(options.secret_file);
  const base::SecretString webhook_secret = webhooks::NewEndpointSecret(base::SystemRandomInstance());

  storage::ApplicationRow row;
  row.merchant_id = merchant;
  row.test = options.test;
  row.strict_identifiers = options.strict_identifiers;
  const ApplicationSecrets secrets(key, base::SystemRandomInstance());
  const auto insert = [&](storage::Session& unit) {
    row.id.value = options.id.value_or(storage::NextApplicationId(unit));
    RequireIdFree(unit, row.id);
    secrets.SetSecret(&row, secret);
    secrets.SetWebhookSecret(&row, webhook_secret);
    storage::InsertApplication(unit, row, unit.DatabaseNowMs());
  };
  ChangeUnlessTaken(*session, insert, kSecretTaken);
  PrintSecrets(context, row, secret, webhook_secret);
}

void AppendApplication(base::JsonWriter* json, const storage::ApplicationRow& row,
                       const std::vector<storage::AssignmentRow>& assignments) {
  json->BeginObject().Key("application_id").Int(row.id.value).Key("merchant_id").Int(row.merchant_id.value);
  json->Key("test").Bool(row.test).Key("enabled").Bool(row.enabled);
  json->Key("strict_identifiers").Bool(row.strict_identifiers).Key("balance_enabled").Bool(row.balance_enabled);
  json->Key("addresses").BeginArray();
  for (const std::string& cidr : row.addresses) json->String(cidr);
  json->EndArray().Key("services").BeginArray();
  for (const storage::AssignmentRow& assignment : assignments) {
    if (assignment.application_id == row.id && assignment.enabled) json->Int(assignment.service_id.value);
  }
  json->EndArray().Key("secret_in_use").Bool(row.secret_in_use).Key("previous_secret_until");
  if (row.sealed_previous_secret.empty()) {
    json->Null();
  } else {
    json->String(base::FormatIso8601(row.previous_until_ms));
  }
  json->EndObject();
}

void List(Context* context) {
  const storage::DirectoryRows rows = storage::LoadDirectory(*context->OpenCurrent());
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("applications").BeginArray();
  std::vector<std::vector<std::string>> table = {{"application", "merchant", "kind", "enabled", "strict_identifiers"}};
  for (const storage::ApplicationRow& row : rows.applications) {
    AppendApplication(&writer, row, rows.assignments);
    table.push_back({std::to_string(row.id.value), std::to_string(row.merchant_id.value), row.test ? "test" : "live",
                     OnOff(row.enabled), OnOff(row.strict_identifiers)});
  }
  writer.EndArray().EndObject();
  context->Print(json, FormatTable(table));
}

std::string Joined(const std::vector<std::string>& texts, const std::string& when_empty) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined.empty() ? when_empty : joined;
}

void Show(Context* context, std::int64_t id) {
  const auto session = context->OpenCurrent();
  const storage::ApplicationRow row = RequireApplication(*session, ToApplicationId(id));
  const std::vector<storage::AssignmentRow> assignments = storage::LoadDirectory(*session).assignments;
  std::string json;
  base::JsonWriter writer(&json);
  AppendApplication(&writer, row, assignments);
  std::vector<std::string> services;
  for (const storage::AssignmentRow& assignment : assignments) {
    if (assignment.application_id == row.id && assignment.enabled) {
      services.push_back(std::to_string(assignment.service_id.value));
    }
  }
  const std::string previous =
      row.sealed_previous_secret.empty() ? "none" : "valid until " + base::FormatIso8601(row.previous_until_ms);
  context->Print(json, FormatTable({{"application", std::to_string(row.id.value)},
                                    {"merchant", std::to_string(row.merchant_id.value)},
                                    {"kind", row.test ? "test" : "live"},
                                    {"enabled", OnOff(row.enabled)},
                                    {"strict_identifiers", OnOff(row.strict_identifiers)},
                                    {"balances", OnOff(row.balance_enabled)},
                                    {"addresses", Joined(row.addresses, "any")},
                                    {"services", Joined(services, "none")},
                                    {"previous secret", previous},
                                    {"new secret in use", row.secret_in_use ? "yes" : "not yet"}}));
}

void PrintSwitch(Context* context, std::int64_t id, const std::string& key, bool value, const std::string& sentence) {
  std::string json;
  base::JsonWriter(&json).BeginObject().Key("application_id").Int(id).Key(key).Bool(value).EndObject();
  context->Print(json, "Application " + std::to_string(id) + sentence);
}

void Enable(Context* context, std::int64_t id, bool enabled) {
  const domain::ApplicationId application = ToApplicationId(id);
  context->Change([&](storage::Session& session) {
    if (!storage::SetApplicationEnabled(session, application, enabled)) RequireApplication(session, application);
  });
  PrintSwitch(context, id, "enabled", enabled, enabled ? " is enabled." : " is disabled.");
}

void Set(Context* context, const SetOptions& options) {
  const domain::ApplicationId application = ToApplicationId(options.id);
  const bool strict = options.strict_identifiers == "on";
  context->Change([&](storage::Session& session) {
    if (!storage::SetStrictIdentifiers(session, application, strict)) RequireApplication(session, application);
  });
  PrintSwitch(context, options.id, "strict_identifiers", strict,
              strict ? " takes only text as c_id." : " takes text and whole numbers as c_id.");
}

void AllowAddresses(Context* context, const AllowOptions& options) {
  const domain::ApplicationId application = ToApplicationId(options.id);
  std::vector<std::string> cidrs;
  for (const std::string& text : options.cidrs) {
    const std::optional<base::Cidr> cidr = base::Cidr::Parse(text);
    if (!cidr) throw Refused("'" + text + "' is no address or network; an example is 192.0.2.0/24.");
    cidrs.push_back(cidr->Format());
  }
  storage::ApplicationRow row;
  context->Change([&](storage::Session& session) {
    for (const std::string& cidr : cidrs) storage::AllowAddress(session, application, cidr);
    row = RequireApplication(session, application);
  });
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("application_id").Int(options.id).Key("addresses").BeginArray();
  for (const std::string& cidr : row.addresses) writer.String(cidr);
  writer.EndArray().EndObject();
  context->Print(json,
                 "Application " + std::to_string(options.id) + " may call from " + Joined(row.addresses, "") + ".");
}

void RotateSecret(Context* context, const RotateOptions& options) {
  const domain::ApplicationId application = ToApplicationId(options.id);
  const std::int64_t overlap_ms = ToDurationMs("--overlap", options.overlap);
  const storage::DatabaseUrl url = context->database_url();
  const auto session = context->OpenCurrent(url);
  const base::MasterKey key = OpenMasterKey(context->config(), url, *session);
  const base::SecretString secret = ChooseSecret(options.secret_file);
  const ApplicationSecrets secrets(key, base::SystemRandomInstance());
  storage::ApplicationRow row;
  const auto rotate = [&](storage::Session& unit) {
    storage::LockDirectory(unit);
    row = RequireApplication(unit, application);
    const base::SecretString present = secrets.Secret(row);
    secrets.SetSecret(&row, secret);
    row.sealed_previous_secret.clear();
    row.previous_until_ms = 0;
    if (overlap_ms > 0) {
      secrets.SetPreviousSecret(&row, present);
      row.previous_until_ms = unit.DatabaseNowMs() + overlap_ms;
    }
    row.secret_in_use = overlap_ms == 0;
    storage::RotateSecret(unit, row);
  };
  ChangeUnlessTaken(*session, rotate, kSecretTaken);

  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("application_id").Int(options.id).Key("secret").String(secret.Reveal());
  writer.Key("previous_secret_until");
  std::string previous = "The previous secret is refused from now on.";
  if (overlap_ms > 0) {
    const std::string until = base::FormatIso8601(row.previous_until_ms);
    writer.String(until);
    previous = "The previous secret works until " + until + ".";
  } else {
    writer.Null();
  }
  writer.EndObject();
  context->Print(json,
                 "secret  " + std::string(secret.Reveal()) + "\n" + previous + " The new one is not shown again.");
}

void RotateWebhookSecret(Context* context, std::int64_t id) {
  const domain::ApplicationId application = ToApplicationId(id);
  const storage::DatabaseUrl url = context->database_url();
  const auto session = context->OpenCurrent(url);
  const base::MasterKey key = OpenMasterKey(context->config(), url, *session);
  const base::SecretString secret = webhooks::NewEndpointSecret(base::SystemRandomInstance());
  const ApplicationSecrets secrets(key, base::SystemRandomInstance());
  storage::RunUnit(*session, kUnitBudgetMs, [&](storage::Session& unit) {
    storage::LockDirectory(unit);
    storage::ApplicationRow row = RequireApplication(unit, application);
    secrets.SetWebhookSecret(&row, secret);
    storage::RotateWebhookSecret(unit, application, row.sealed_webhook_secret);
  });
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("application_id").Int(id).Key("webhook_secret").String(secret.Reveal()).EndObject();
  context->Print(json, "webhook secret  " + std::string(secret.Reveal()) + "\nIt is not shown again.");
}

void AddCreate(Command* group, Context* context) {
  auto options = std::make_shared<CreateOptions>();
  group
      ->Add("create", "Creates an application and prints its secrets, this once",
            "multihub app create --merchant 1 --test")
      .Option("--merchant", &options->merchant, "Its merchant", Command::Need::kRequired)
      .Flag("--test", &options->test, "A test application: its routes run on the simulator")
      .Option("--id", &options->id, "Its id; the next free one when left out")
      .Option("--secret-file", &options->secret_file, "File with an existing secret to take over")
      .Flag("--strict-identifiers", &options->strict_identifiers, "Refuses a c_id that is a number")
      .Run([context, options] { Create(context, *options); });
}

void AddRotation(Command* group, Context* context) {
  auto options = std::make_shared<RotateOptions>();
  group
      ->Add("rotate-secret", "Gives it a new secret and prints it, this once",
            "multihub app rotate-secret 1 --overlap 24h")
      .Option("id", &options->id, "The application", Command::Need::kRequired)
      .Option("--overlap", &options->overlap, "How long the previous secret still works; 0: not at all (24h)")
      .Option("--secret-file", &options->secret_file, "File with the new secret, instead of a random one")
      .Run([context, options] { RotateSecret(context, *options); });
  auto id = std::make_shared<std::int64_t>(0);
  group
      ->Add("rotate-webhook-secret", "Gives it a new whsec_ for in-request webhooks and prints it, this once",
            "multihub app rotate-webhook-secret 1")
      .Option("id", id.get(), "The application", Command::Need::kRequired)
      .Run([context, id] { RotateWebhookSecret(context, *id); });
}

void AddSettings(Command* group, Context* context) {
  auto allow = std::make_shared<AllowOptions>();
  group
      ->Add("allow-ip", "Adds addresses it may call from; without any it may call from everywhere",
            "multihub app allow-ip 1 192.0.2.0/24 2001:db8::/32")
      .Option("id", &allow->id, "The application", Command::Need::kRequired)
      .Option("cidr", &allow->cidrs, "Addresses or networks", Command::Need::kRequired)
      .Run([context, allow] { AllowAddresses(context, *allow); });
  auto set = std::make_shared<SetOptions>();
  group->Add("set", "Changes a setting", "multihub app set 1 --strict-identifiers on")
      .Option("id", &set->id, "The application", Command::Need::kRequired)
      .Choice("--strict-identifiers", &set->strict_identifiers, {"on", "off"}, "on: a c_id that is a number is refused")
      .Run([context, set] { Set(context, *set); });
}

void AddSwitch(Command* group, Context* context, bool enabled) {
  auto id = std::make_shared<std::int64_t>(0);
  const std::string word = enabled ? "enable" : "disable";
  group->Add(word, enabled ? "Lets it call again" : "Refuses its calls (3004)", "multihub app " + word + " 1")
      .Option("id", id.get(), "The application", Command::Need::kRequired)
      .Run([context, id, enabled] { Enable(context, *id, enabled); });
}

}  // namespace

void AddApp(Command* root, Context* context) {
  Command group = root->Group("app", "Applications: what signs calls");
  AddCreate(&group, context);
  group.Add("list", "Shows all applications", "multihub app list").Run([context] { List(context); });
  auto id = std::make_shared<std::int64_t>(0);
  group.Add("show", "Shows one application, without its secrets", "multihub app show 1")
      .Option("id", id.get(), "The application", Command::Need::kRequired)
      .Run([context, id] { Show(context, *id); });
  AddSwitch(&group, context, true);
  AddSwitch(&group, context, false);
  AddRotation(&group, context);
  AddSettings(&group, context);
}

}  // namespace multihub::cli
