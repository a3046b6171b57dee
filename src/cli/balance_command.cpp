#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/directory_rows.h"
#include "cli/input.h"
#include "cli/operator_door.h"
#include "cli/refused.h"
#include "multihub/base/json_writer.h"
#include "multihub/storage/directory_store.h"

namespace multihub::cli {
namespace {

using Access = OperatorDoor::Access;

constexpr std::size_t kMaxReference = 128;
constexpr std::size_t kMaxReason = 255;

struct ShowOptions {
  std::optional<std::int64_t> application;
  bool house = false;
};

struct BalanceOptions {
  std::int64_t application = 0;
  std::string currency;
};

struct SwitchOptions {
  std::int64_t application = 0;
  std::optional<std::string> currency;
};

struct ChangeOptions {
  std::int64_t application = 0;
  std::string currency;
  std::int64_t amount = 0;
  std::string reference, reason;
};

struct ChangeWord {
  const char* word;
  const char* help;
  payments::BalanceOperation operation;
};
constexpr ChangeWord kChanges[] = {
    {"topup", "Adds funds", payments::BalanceOperation::kTopUp},
    {"withdraw", "Takes funds out", payments::BalanceOperation::kWithdraw},
    {"hold", "Blocks available funds", payments::BalanceOperation::kHold},
    {"release", "Makes blocked funds available again", payments::BalanceOperation::kRelease},
};

void AppendAmount(base::JsonWriter* json, const payments::BalanceAmount& amount) {
  json->BeginObject().Key("value").Int(amount.value).Key("value_freezing").Int(amount.freezing);
  json->Key("value_blocking").Int(amount.blocking).Key("currency").String(amount.currency);
  json->Key("enabled").Bool(amount.enabled).EndObject();
}

const std::vector<std::string>& AmountHead() {
  static const std::vector<std::string> head = {"currency", "value", "value_freezing", "value_blocking", "enabled"};
  return head;
}

std::vector<std::string> AmountCells(const payments::BalanceAmount& amount) {
  return {amount.currency, std::to_string(amount.value), std::to_string(amount.freezing),
          std::to_string(amount.blocking), OnOff(amount.enabled)};
}

void ShowHouse(Context* context) {
  OperatorDoor door(context, Access::kReadOnly);
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("house").BeginArray();
  std::vector<std::vector<std::string>> table = {{"account", "currency", "kind", "value"}};
  for (const payments::HouseBalance& balance : door->ShowHouse()) {
    writer.BeginObject().Key("account").String(balance.account).Key("currency").String(balance.currency);
    // A sum over all merchants may pass the bound of a single amount.
    writer.Key("test").Bool(balance.test).Key("value").Raw(std::to_string(balance.value)).EndObject();
    table.push_back({balance.account, balance.currency, balance.test ? "test" : "live", std::to_string(balance.value)});
  }
  writer.EndArray().EndObject();
  context->Print(json, FormatTable(table));
}

void ShowApplication(Context* context, std::int64_t id) {
  OperatorDoor door(context, Access::kReadOnly);
  const storage::ApplicationRow row = RequireApplication(door.session(), ToApplicationId(id));
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("application_id").Int(id).Key("amounts").BeginArray();
  std::vector<std::vector<std::string>> table = {AmountHead()};
  for (const payments::BalanceAmount& amount : door->ShowBalances(row.id).amounts) {
    AppendAmount(&writer, amount);
    table.push_back(AmountCells(amount));
  }
  writer.EndArray().Key("enabled").Bool(row.balance_enabled).EndObject();
  context->Print(json, FormatTable(table) + (row.balance_enabled ? "" : "\nAll balances are switched off."));
}

void Show(Context* context, const ShowOptions& options) {
  if (options.house == options.application.has_value()) throw Refused("Give either an application or --house.");
  if (options.house) return ShowHouse(context);
  ShowApplication(context, *options.application);
}

void Create(Context* context, const BalanceOptions& options) {
  const domain::Currency currency = ToCurrency(options.currency);
  OperatorDoor door(context, Access::kFull);
  const storage::ApplicationRow row = RequireApplication(door.session(), ToApplicationId(options.application));
  const bool created = door->CreateBalance(row.id, currency);
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("application_id").Int(options.application).Key("currency").String(currency.code());
  writer.Key("created").Bool(created).EndObject();
  context->Print(json, "The " + std::string(currency.code()) + " balance of application " +
                           std::to_string(options.application) + (created ? " is created." : " was there already."));
}

void Change(Context* context, const ChangeOptions& options, payments::BalanceOperation operation) {
  payments::BalanceChange change;
  change.application_id = ToApplicationId(options.application);
  change.currency = ToCurrency(options.currency);
  change.operation = operation;
  change.amount = options.amount;
  change.reference = options.reference;
  change.reason = options.reason;
  if (change.amount < 1 || change.amount > domain::kMaxAmount) {
    throw Refused("AMOUNT must be 1 to " + std::to_string(domain::kMaxAmount) + " minor units.");
  }
  CheckText("--reference", change.reference, kMaxReference);
  CheckText("--reason", change.reason, kMaxReason);
  OperatorDoor door(context, Access::kFull);
  RequireApplication(door.session(), change.application_id);
  const auto result = door->ChangeBalance(change);
  if (!result.ok()) throw Refused(result.error());
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("application_id").Int(options.application).Key("reference").String(options.reference);
  writer.Key("repeated").Bool(result->repeated).Key("balance");
  AppendAmount(&writer, result->balance);
  writer.EndObject();
  const std::string repeated =
      result->repeated ? "This reference was used before; nothing changed. The balance after it was:\n" : "";
  context->Print(json, repeated + FormatTable({AmountHead(), AmountCells(result->balance)}));
}

bool SwitchOne(Context* context, const SwitchOptions& options, bool enabled) {
  const domain::Currency currency = ToCurrency(*options.currency);
  OperatorDoor door(context, Access::kFull);
  const storage::ApplicationRow row = RequireApplication(door.session(), ToApplicationId(options.application));
  return door->SetBalanceEnabled(row.id, currency, enabled);
}

void SwitchAll(Context* context, const SwitchOptions& options, bool enabled) {
  const domain::ApplicationId application = ToApplicationId(options.application);
  context->Change([&](storage::Session& session) {
    if (!storage::SetBalanceSwitch(session, application, enabled)) RequireApplication(session, application);
  });
}

void Switch(Context* context, const SwitchOptions& options, bool enabled) {
  const std::string application = std::to_string(options.application);
  if (!options.currency) {
    SwitchAll(context, options, enabled);
  } else if (!SwitchOne(context, options, enabled)) {
    throw Refused("Application " + application + " has no " + *options.currency + " balance.");
  }
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("application_id").Int(options.application).Key("currency");
  if (options.currency) {
    writer.String(*options.currency);
  } else {
    writer.Null();
  }
  writer.Key("enabled").Bool(enabled).EndObject();
  const std::string what = options.currency ? "The " + *options.currency + " balance" : std::string("The balance");
  context->Print(json, what + " of application " + application + (enabled ? " is enabled." : " is disabled."));
}

void AddSwitch(Command* group, Context* context, bool enabled) {
  auto options = std::make_shared<SwitchOptions>();
  const std::string word = enabled ? "enable" : "disable";
  group
      ->Add(word, enabled ? "Takes payouts from it again" : "Refuses payouts from it (1011)",
            "multihub balance " + word + " 1 INR")
      .Option("app", &options->application, "The application", Command::Need::kRequired)
      .Option("currency", &options->currency, "One balance; all when left out")
      .Run([context, options, enabled] { Switch(context, *options, enabled); });
}

void AddChange(Command* group, Context* context, const ChangeWord& change) {
  auto options = std::make_shared<ChangeOptions>();
  const auto operation = change.operation;
  group
      ->Add(change.word, change.help,
            std::string("multihub balance ") + change.word + " 1 INR 250000 --reference r-1 --reason \"bank transfer\"")
      .Option("app", &options->application, "The application", Command::Need::kRequired)
      .Option("currency", &options->currency, "ISO 4217 code", Command::Need::kRequired)
      .Option("amount", &options->amount, "Minor units", Command::Need::kRequired)
      .Option("--reference", &options->reference, "Repeating it prints the first result and changes nothing",
              Command::Need::kRequired)
      .Option("--reason", &options->reason, "Kept with the entry", Command::Need::kRequired)
      .Run([context, options, operation] { Change(context, *options, operation); });
}

}  // namespace

void AddBalance(Command* root, Context* context) {
  Command group = root->Group("balance", "Balances; money is in minor units");
  auto show = std::make_shared<ShowOptions>();
  group.Add("show", "Shows an application's balances, or the house's accounts", "multihub balance show 1")
      .Option("app", &show->application, "The application")
      .Flag("--house", &show->house, "The house's own accounts")
      .Run([context, show] { Show(context, *show); });
  auto create = std::make_shared<BalanceOptions>();
  group.Add("create", "Creates an empty balance", "multihub balance create 1 INR")
      .Option("app", &create->application, "The application", Command::Need::kRequired)
      .Option("currency", &create->currency, "ISO 4217 code", Command::Need::kRequired)
      .Run([context, create] { Create(context, *create); });
  for (const ChangeWord& change : kChanges) AddChange(&group, context, change);
  AddSwitch(&group, context, true);
  AddSwitch(&group, context, false);
}

}  // namespace multihub::cli
