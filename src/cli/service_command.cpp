#include <algorithm>
#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/directory_rows.h"
#include "cli/input.h"
#include "cli/provider_adapters.h"
#include "cli/refused.h"
#include "multihub/base/json_writer.h"
#include "multihub/domain/receiver.h"
#include "multihub/storage/directory_store.h"

namespace multihub::cli {
namespace {

constexpr std::size_t kMaxMethod = 32;
constexpr std::size_t kMaxPayeeName = 255;
constexpr std::int64_t kMaxBps = 10000;

struct CreateOptions {
  std::int64_t id = 0;
  std::string direction, currency, method, provider;
  std::optional<std::int64_t> min, max, fee_fixed, fee_bps;
  std::vector<std::string> required;
  std::string upi_payee, upi_name;
  std::string answer = "accepted";
};

struct AssignOptions {
  std::int64_t application = 0;
  std::int64_t service = 0;
};

void CheckMethod(const std::string& method) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  if (method.empty() || method.size() > kMaxMethod || !std::all_of(method.begin(), method.end(), allowed)) {
    throw Refused("--method must be 1 to 32 small letters, digits or '_', such as upi or bank_transfer.");
  }
}

void CheckLimits(const domain::Route& route) {
  if (route.min < 1 || route.min > route.max || route.max > domain::kLargestRouteMaximum) {
    throw Refused("--min and --max must satisfy 1 <= min <= max <= " + std::to_string(domain::kLargestRouteMaximum) +
                  " (minor units).");
  }
  if (route.fee_fixed > domain::kLargestRouteMaximum) {
    throw Refused("--fee-fixed must be at most " + std::to_string(domain::kLargestRouteMaximum) + " (minor units).");
  }
  if (route.fee_bps > kMaxBps) throw Refused("--fee-bps must be at most 10000 (hundredths of a percent).");
}

void CheckRequired(const domain::Route& route) {
  if (!route.required.empty() && route.direction == domain::Direction::kIn) {
    throw Refused("--require is for payouts: a deposit has no receiver.");
  }
  for (const std::string& field : route.required) {
    if (field.rfind("receiver.", 0) != 0 || !domain::ReceiverFieldOf(field)) {
      throw Refused("--require " + field + " is no receiver field; an example is receiver.person.first_name.");
    }
  }
}

void CheckUpi(const domain::Route& route) {
  if (route.upi_payee.empty() && route.upi_name.empty()) return;
  const bool upi_deposit = route.direction == domain::Direction::kIn && route.method == "upi";
  if (!upi_deposit) throw Refused("--upi-payee and --upi-name are for deposits by upi.");
  if (!domain::IsValidVpa(route.upi_payee)) throw Refused("--upi-payee must be name@handle.");
  if (!route.upi_name.empty()) CheckText("--upi-name", route.upi_name, kMaxPayeeName);
}

domain::Route ToRoute(const CreateOptions& options) {
  domain::Route route;
  route.service_id = ToServiceId(options.id);
  route.direction = options.direction == "in" ? domain::Direction::kIn : domain::Direction::kOut;
  route.currency = ToCurrency(options.currency);
  route.method = options.method;
  route.provider = options.provider;
  route.min = options.min.value_or(route.min);
  route.max = options.max.value_or(route.max);
  route.fee_fixed = options.fee_fixed.value_or(0);
  route.fee_bps = options.fee_bps.value_or(0);
  route.required = options.required;
  route.upi_payee = options.upi_payee;
  route.upi_name = options.upi_name;
  route.answer_started = options.answer == "started";
  CheckMethod(route.method);
  RequireAdapter(route.provider);
  CheckLimits(route);
  CheckRequired(route);
  CheckUpi(route);
  return route;
}

void AppendRoute(base::JsonWriter* json, const domain::Route& route,
                 const std::vector<storage::AssignmentRow>& assignments) {
  json->BeginObject().Key("service_id").Int(route.service_id.value);
  json->Key("direction").String(domain::NameOf(route.direction)).Key("currency").String(route.currency.code());
  json->Key("method").String(route.method).Key("provider").String(route.provider);
  json->Key("min").Int(route.min).Key("max").Int(route.max);
  json->Key("fee_fixed").Int(route.fee_fixed).Key("fee_bps").Int(route.fee_bps);
  json->Key("required").BeginArray();
  for (const std::string& field : route.required) json->String(field);
  json->EndArray().Key("upi_payee").String(route.upi_payee).Key("upi_name").String(route.upi_name);
  json->Key("answer").String(route.answer_started ? "started" : "accepted").Key("enabled").Bool(route.enabled);
  json->Key("applications").BeginArray();
  for (const storage::AssignmentRow& row : assignments) {
    if (row.service_id == route.service_id && row.enabled) json->Int(row.application_id.value);
  }
  json->EndArray().EndObject();
}

std::string ApplicationsOf(const domain::Route& route, const std::vector<storage::AssignmentRow>& assignments) {
  std::string text;
  for (const storage::AssignmentRow& row : assignments) {
    if (row.service_id != route.service_id || !row.enabled) continue;
    if (!text.empty()) text += ',';
    text += std::to_string(row.application_id.value);
  }
  return text.empty() ? "-" : text;
}

void Create(Context* context, const CreateOptions& options) {
  const domain::Route route = ToRoute(options);
  const std::string id = std::to_string(route.service_id.value);
  try {
    context->Change([&](storage::Session& session) { storage::InsertRoute(session, route, session.DatabaseNowMs()); });
  } catch (const storage::StorageFailure& failure) {
    if (failure.kind() != storage::StorageFailure::Kind::kDuplicate) throw;
    throw Refused("There is a service " + id + " already; choose another --id.");
  }
  std::string json;
  base::JsonWriter writer(&json);
  AppendRoute(&writer, route, {});
  context->Print(
      json, "Service " + id + " is created; assign it with `multihub service assign --app A --service " + id + "`.");
}

void List(Context* context) {
  const storage::DirectoryRows rows = storage::LoadDirectory(*context->OpenCurrent());
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("services").BeginArray();
  std::vector<std::vector<std::string>> table = {{"service", "direction", "currency", "method", "provider", "min",
                                                  "max", "fee_fixed", "fee_bps", "answer", "enabled", "applications"}};
  for (const domain::Route& route : rows.routes) {
    AppendRoute(&writer, route, rows.assignments);
    table.push_back({std::to_string(route.service_id.value), std::string(domain::NameOf(route.direction)),
                     std::string(route.currency.code()), route.method, route.provider, std::to_string(route.min),
                     std::to_string(route.max), std::to_string(route.fee_fixed), std::to_string(route.fee_bps),
                     route.answer_started ? "started" : "accepted", OnOff(route.enabled),
                     ApplicationsOf(route, rows.assignments)});
  }
  writer.EndArray().EndObject();
  context->Print(json, FormatTable(table));
}

void Enable(Context* context, std::int64_t id, bool enabled) {
  const domain::ServiceId service = ToServiceId(id);
  context->Change([&](storage::Session& session) {
    if (!storage::SetRouteEnabled(session, service, enabled)) RequireRoute(session, service);
  });
  std::string json;
  base::JsonWriter(&json).BeginObject().Key("service_id").Int(id).Key("enabled").Bool(enabled).EndObject();
  context->Print(json, "Service " + std::to_string(id) + (enabled ? " is enabled." : " is disabled."));
}

// No test call may ever reach a real provider, and no live one the simulator.
void RequireSameKind(const storage::ApplicationRow& application, const domain::Route& route) {
  if (RequireAdapter(route.provider).for_test == application.test) return;
  const std::string kind = application.test ? "test" : "live";
  throw Refused("Application " + std::to_string(application.id.value) + " is a " + kind + " application, and service " +
                std::to_string(route.service_id.value) + " runs on " + route.provider + ", which serves only " +
                (application.test ? "live" : "test") + " applications.");
}

void PrintAssignment(Context* context, const AssignOptions& options, bool assigned) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("application_id").Int(options.application);
  writer.Key("service_id").Int(options.service).Key("assigned").Bool(assigned).EndObject();
  context->Print(json, "Service " + std::to_string(options.service) + (assigned ? " is" : " is no longer") +
                           " assigned to application " + std::to_string(options.application) + ".");
}

void Assign(Context* context, const AssignOptions& options) {
  const domain::ApplicationId application = ToApplicationId(options.application);
  const domain::ServiceId service = ToServiceId(options.service);
  context->Change([&](storage::Session& session) {
    storage::LockDirectory(session);
    RequireSameKind(RequireApplication(session, application), RequireRoute(session, service));
    storage::AssignRoute(session, application, service);
  });
  PrintAssignment(context, options, true);
}

void Unassign(Context* context, const AssignOptions& options) {
  const domain::ApplicationId application = ToApplicationId(options.application);
  const domain::ServiceId service = ToServiceId(options.service);
  context->Change([&](storage::Session& session) {
    if (storage::UnassignRoute(session, application, service)) return;
    throw Refused("Service " + std::to_string(options.service) + " is not assigned to application " +
                  std::to_string(options.application) + ".");
  });
  PrintAssignment(context, options, false);
}

void AddCreate(Command* group, Context* context) {
  constexpr auto kRequired = Command::Need::kRequired;
  constexpr auto kOptional = Command::Need::kOptional;
  auto options = std::make_shared<CreateOptions>();
  group
      ->Add("create", "Creates a route: one way money can go, named by its service id",
            "multihub service create --id 14701 --direction in --currency INR --method upi --provider simulator "
            "--upi-payee shop@examplebank --upi-name \"Example Shop\"")
      .Option("--id", &options->id, "The service_id merchants send", kRequired)
      .Choice("--direction", &options->direction, {"in", "out"}, "in: deposits, out: payouts")
      .Option("--currency", &options->currency, "ISO 4217 code", kRequired)
      .Option("--method", &options->method, "upi, bank_transfer, spei, card, payid, ...", kRequired)
      .Option("--provider", &options->provider, "Adapter; see `multihub provider list`", kRequired)
      .Option("--min", &options->min, "Smallest amount in minor units (1)")
      .Option("--max", &options->max, "Largest amount in minor units (10^12)")
      .Option("--fee-fixed", &options->fee_fixed, "Fee in minor units (0)")
      .Option("--fee-bps", &options->fee_bps, "Fee in hundredths of a percent (0)")
      .Option("--require", &options->required, "Receiver fields payouts must carry: receiver.person.first_name ...")
      .Option("--upi-payee", &options->upi_payee, "UPI deposits: the payee, name@handle", kOptional)
      .Option("--upi-name", &options->upi_name, "UPI deposits: the payee's name", kOptional)
      .Choice("--answer", &options->answer, {"accepted", "started"},
              "started: the answer waits for the provider's first word (accepted)", kOptional)
      .Run([context, options] { Create(context, *options); });
}

void AddAssignment(Command* group, Context* context, const std::string& word, const std::string& help,
                   void (*run)(Context*, const AssignOptions&)) {
  auto options = std::make_shared<AssignOptions>();
  group->Add(word, help, "multihub service " + word + " --app 1 --service 14701")
      .Option("--app", &options->application, "The application", Command::Need::kRequired)
      .Option("--service", &options->service, "The service", Command::Need::kRequired)
      .Run([context, options, run] { run(context, *options); });
}

void AddSwitch(Command* group, Context* context, bool enabled) {
  auto id = std::make_shared<std::int64_t>(0);
  const std::string word = enabled ? "enable" : "disable";
  group
      ->Add(word, enabled ? "Takes payments on it again" : "Refuses payments on it (1009)",
            "multihub service " + word + " 14701")
      .Option("id", id.get(), "The service", Command::Need::kRequired)
      .Run([context, id, enabled] { Enable(context, *id, enabled); });
}

}  // namespace

void AddService(Command* root, Context* context) {
  Command group = root->Group("service", "Routes, and which applications may use them");
  AddCreate(&group, context);
  group.Add("list", "Shows all routes", "multihub service list").Run([context] { List(context); });
  AddAssignment(&group, context, "assign", "Lets an application use a route", Assign);
  AddAssignment(&group, context, "unassign", "Takes a route from an application (1004)", Unassign);
  AddSwitch(&group, context, true);
  AddSwitch(&group, context, false);
}

}  // namespace multihub::cli
