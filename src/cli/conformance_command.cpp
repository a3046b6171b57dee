#include <fstream>
#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/refused.h"
#include "cli/security.h"
#include "multihub/base/json_writer.h"
#include "multihub/conformance/reports.h"
#include "multihub/conformance/suite.h"

namespace multihub::cli {
namespace {

using conformance::ListedCase;
using conformance::SuiteOptions;
using conformance::SuiteResult;

constexpr std::int64_t kMaxTimeoutSeconds = 120;

struct ConformanceOptions {
  std::optional<std::string> url, secret_file, secret2_file, services, cases, only, ca_file, webhook_listen,
      webhook_url;
  std::optional<std::int64_t> application, application2, timeout_s;
  std::string profile = "sandbox";
  std::string contract = "house";
  std::vector<std::string> reports;
  bool list = false;
  bool tap = false;
  bool direct = false;
};

// "--report html=report.html"
struct Report {
  std::string (*render)(const SuiteResult&);
  std::string file;
};

Report ReadReport(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string form = text.substr(0, equals);
  const std::string file = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (file.empty()) throw Refused("--report " + text + " names no file; write --report html=FILE.");
  if (form == "junit") return {conformance::RenderJunit, file};
  if (form == "html") return {conformance::RenderHtml, file};
  if (form == "md") return {conformance::RenderMarkdown, file};
  throw Refused("There is no report '" + form + "'; there are junit, html and md.");
}

void Write(const std::string& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.flush();
  if (!stream) throw Refused("The report " + file + " cannot be written.");
}

conformance::Caller CallerOf(const std::string& option, std::int64_t application, base::SecretString secret) {
  CheckText(option, std::to_string(application), 16);
  return {ToApplicationId(application).value, std::move(secret)};
}

SuiteOptions ToSuiteOptions(const ConformanceOptions& options) {
  SuiteOptions suite;
  suite.profile = options.profile == "merchant" ? conformance::Profile::kMerchant : conformance::Profile::kSandbox;
  suite.contract = options.contract == "published" ? conformance::Contract::kPublished : conformance::Contract::kHouse;
  suite.only = options.only.value_or("");
  suite.cases_directory = options.cases.value_or("");
  suite.direct = options.direct;
  suite.ca_file = options.ca_file.value_or("");
  suite.webhook_listen = options.webhook_listen.value_or("");
  suite.webhook_url = options.webhook_url.value_or("");
  suite.services_file = options.services.value_or("");
  if (options.timeout_s) {
    if (*options.timeout_s < 1 || *options.timeout_s > kMaxTimeoutSeconds) {
      throw Refused("--timeout must be 1 to " + std::to_string(kMaxTimeoutSeconds) + " seconds.");
    }
    suite.timeout_ms = *options.timeout_s * 1000;
  }
  return suite;
}

void AddCallers(const ConformanceOptions& options, SuiteOptions* suite) {
  if (!options.url) throw Refused("There is no gateway to test; give --url.");
  if (!options.application) throw Refused("There is nobody to call as; give --app.");
  suite->url = *options.url;
  suite->app = CallerOf("--app", *options.application, ReadCallerSecret(options.secret_file));
  if (options.application2.has_value() != options.secret2_file.has_value()) {
    throw Refused("--app2 and --secret2-file belong together.");
  }
  if (options.application2) {
    suite->app2 = CallerOf("--app2", *options.application2, ReadSecretFile(*options.secret2_file));
  }
}

std::string ListJson(const std::vector<ListedCase>& cases) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("cases").BeginArray();
  for (const ListedCase& one : cases) {
    writer.BeginObject().Key("id").String(one.id).Key("title").String(one.title).Key("clause").String(one.clause);
    writer.Key("contract").String(conformance::NameOf(one.contract));
    writer.Key("profile").String(conformance::NameOf(one.profile)).Key("codes").BeginArray();
    for (const int code : one.codes) writer.Int(code);
    writer.EndArray().EndObject();
  }
  writer.EndArray().EndObject();
  return json;
}

std::string ListText(const std::vector<ListedCase>& cases) {
  std::vector<std::vector<std::string>> table = {{"case", "contract", "profile", "what holds"}};
  for (const ListedCase& one : cases) {
    table.push_back({one.id, conformance::NameOf(one.contract), conformance::NameOf(one.profile), one.title});
  }
  return FormatTable(table);
}

void List(Context* context, const SuiteOptions& suite) {
  const auto cases = conformance::ListCases(suite);
  if (!cases.ok()) throw Refused(cases.error());
  context->Print(ListJson(*cases), ListText(*cases));
}

std::string WithoutLastBreak(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

void Test(Context* context, const ConformanceOptions& options) {
  SuiteOptions suite = ToSuiteOptions(options);
  if (options.list) return List(context, suite);
  std::vector<Report> reports;
  for (const std::string& text : options.reports) reports.push_back(ReadReport(text));
  AddCallers(options, &suite);
  const auto result = conformance::RunSuite(suite);
  if (!result.ok()) throw Refused(result.error());
  context->Print(conformance::RenderJson(*result),
                 WithoutLastBreak(options.tap ? conformance::RenderTap(*result) : conformance::RenderSummary(*result)));
  for (const Report& report : reports) Write(report.file, report.render(*result));
  if (!result->Passed()) throw Refused("The gateway does not conform, or could not be tested.");
}

}  // namespace

void AddConformance(Command* root, Context* context) {
  auto options = std::make_shared<ConformanceOptions>();
  root->Add("conformance", "Tests a gateway against the contract, as a black box over HTTP",
            "MULTIHUB_SECRET=... multihub conformance --url http://127.0.0.1:8080 --app 1 --report html=report.html")
      .Option("--url", &options->url, "The gateway, with or without the endpoint's path")
      .Option("--app", &options->application, "Application id")
      .Option("--secret-file", &options->secret_file, "File with its secret (or the variable MULTIHUB_SECRET)")
      .Option("--app2", &options->application2, "Application of another merchant")
      .Option("--secret2-file", &options->secret2_file, "File with its secret")
      .Option("--services", &options->services, "File that names the gateway's routes (the sandbox's)")
      .Option("--cases", &options->cases, "Directory of case files to run in place of the built-in ones")
      .Option("--only", &options->only, "Run the cases whose id fits this pattern, such as 'money.*'")
      .Flag("--list", &options->list, "List the cases and run none")
      .Choice("--profile", &options->profile, {"sandbox", "merchant"},
              "merchant: only what is safe against a gateway in production", Command::Need::kOptional)
      .Choice("--contract", &options->contract, {"published", "house"},
              "published: what only multihub promises is reported and does not count", Command::Need::kOptional)
      .Option("--report", &options->reports, "junit=FILE, html=FILE or md=FILE; may be repeated")
      .Flag("--tap", &options->tap, "Print TAP in place of the summary")
      .Flag("--direct", &options->direct, "No proxy stands in front: what one might have answered counts")
      .Option("--timeout", &options->timeout_s, "Seconds to wait for one answer (15)")
      .Option("--ca-file", &options->ca_file, "PEM of the authority that vouches for an https gateway")
      .Option("--webhook-listen", &options->webhook_listen, "ADDR:PORT to receive webhooks on (127.0.0.1:0)")
      .Option("--webhook-url", &options->webhook_url, "How the gateway reaches that address")
      .Run([context, options] { Test(context, *options); });
}

}  // namespace multihub::cli
