#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/directory_rows.h"
#include "cli/input.h"
#include "multihub/base/json_writer.h"
#include "multihub/storage/directory_store.h"

namespace multihub::cli {
namespace {

struct SwitchOptions {
  std::string currency;
  std::optional<std::int64_t> application;
};

void Switch(Context* context, const SwitchOptions& options, bool enabled) {
  const domain::Currency currency = ToCurrency(options.currency);
  std::optional<domain::ApplicationId> application;
  if (options.application) application = ToApplicationId(*options.application);
  context->Change([&](storage::Session& session) {
    storage::LockDirectory(session);
    if (application) RequireApplication(session, *application);
    storage::SetCurrencyEnabled(session, std::string(currency.code()), application, enabled);
  });
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("currency").String(currency.code()).Key("application_id");
  if (application) {
    writer.Int(application->value);
  } else {
    writer.Null();
  }
  writer.Key("enabled").Bool(enabled).EndObject();
  const std::string whose =
      application ? " for application " + std::to_string(application->value) : std::string(" on the gateway");
  context->Print(json, std::string(currency.code()) + (enabled ? " is enabled" : " is disabled") + whose + ".");
}

void AddSwitch(Command* group, Context* context, bool enabled) {
  auto options = std::make_shared<SwitchOptions>();
  const std::string word = enabled ? "enable" : "disable";
  group
      ->Add(word, enabled ? "Takes payments in a currency again" : "Refuses payments in a currency (1010)",
            "multihub currency " + word + " INR --app 1")
      .Option("currency", &options->currency, "ISO 4217 code", Command::Need::kRequired)
      .Option("--app", &options->application, "Only for this application; the whole gateway when left out")
      .Run([context, options, enabled] { Switch(context, *options, enabled); });
}

}  // namespace

void AddCurrency(Command* root, Context* context) {
  Command group = root->Group("currency", "Currencies, switched for the gateway or one application");
  AddSwitch(&group, context, true);
  AddSwitch(&group, context, false);
}

}  // namespace multihub::cli
