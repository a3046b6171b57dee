#include "support/gateway_fixture.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <regex>
#include <stdexcept>

namespace multihub::functional {

using support::Answer;
using support::SignedClient;

namespace {

constexpr Milliseconds kPollEvery{20};

int ExpectedHttpStatus(int code) {
  switch (code) {
    case 0:
      return 200;
    case 1000:
      return 429;
    case 1002:
      return 404;
    default:
      return 400;
  }
}

std::vector<std::string> KeysOf(const std::string& raw) {
  std::vector<std::string> keys;
  const auto document = nlohmann::ordered_json::parse(raw, nullptr, false);
  if (!document.is_object()) return keys;
  for (const auto& item : document.items()) keys.push_back(item.key());
  return keys;
}

void CheckEnvelope(const Answer& answer, int code) {
  INFO(answer.transport_error);
  INFO(answer.raw);
  REQUIRE(answer.ok());
  CHECK(answer.code() == code);
  CHECK(answer.http_status == ExpectedHttpStatus(code));
  const std::string outcome = code == 0 ? "result" : "error";
  CHECK(KeysOf(answer.raw) == std::vector<std::string>{"success", outcome, "request_id", "processing_time"});
  CHECK(answer.success() == (code == 0));
  CHECK(answer.at("/processing_time").is_number_integer());
  CHECK(answer.at("/processing_time") >= 0);
  const std::string* request_id = answer.http.Header("X-Request-Id");
  REQUIRE(request_id != nullptr);
  CHECK(answer.at("/request_id") == *request_id);
  static const std::regex uuid("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  CHECK(std::regex_match(*request_id, uuid));
  const std::string* type = answer.http.Header("Content-Type");
  REQUIRE(type != nullptr);
  CHECK(*type == "application/json");
  CHECK(answer.raw == nlohmann::ordered_json::parse(answer.raw).dump());
  if (code == 0) return;
  const auto error = nlohmann::ordered_json::parse(answer.raw).at("error");
  CHECK(KeysOf(error.dump()) == std::vector<std::string>{"code", "message", "details", "context"});
  CHECK(error["details"].is_object() == (code == 1005 || code == 1000));
  CHECK(error["context"].is_object() == (code == 5000 || code == 6009));
}

json PaymentShape(const std::string& method, std::int64_t service_id, std::int64_t value, const std::string& currency,
                  const json& c_id) {
  return {{"method", method},
          {"service_id", service_id},
          {"params",
           {{"payment", {{"identifiers", {{"c_id", c_id}}}, {"amount", {{"value", value}, {"currency", currency}}}}}}}};
}

// An older state after a newer one, or a state that contradicts itself, is a broken promise.
void CheckFollows(const json& before, const json& now) {
  INFO(before.dump());
  INFO(now.dump());
  const auto version = now["status_version"].get<int>();
  const auto status = now["status"]["status"].get<std::string>();
  CHECK(now["status"]["final"] == IsFinal(status));
  CHECK(now["timestamps"]["finished"].is_null() == !IsFinal(status));
  CHECK(now["timestamps"]["created"] <= now["timestamps"]["updated"]);
  CHECK((version == 1) == (status == "created"));
  if (IsFinal(status)) CHECK(now["timestamps"]["finished"] >= now["timestamps"]["created"]);
  if (before.is_null()) return;
  CHECK(version >= before["status_version"].get<int>());
  CHECK((version == before["status_version"].get<int>()) == (now["status"] == before["status"]));
  CHECK(now["timestamps"]["created"] == before["timestamps"]["created"]);
  CHECK(now["timestamps"]["updated"] >= before["timestamps"]["updated"]);
  CHECK(now["amount"] == before["amount"]);
  CHECK(now["identifiers"]["c_id"] == before["identifiers"]["c_id"]);
  CHECK(now["identifiers"]["h_id"] == before["identifiers"]["h_id"]);
}

json AwaitPayment(SignedClient* client, const std::string& h_id, const std::function<bool(const json&)>& reached) {
  json before;
  const bool came = Eventually([&] {
    const json now = PaymentIn(client->Call(StatusOf(ById(h_id))));
    CheckFollows(before, now);
    before = now;
    return reached(now["status"]);
  });
  INFO(before.dump());
  CHECK(came);
  return before;
}

}  // namespace

bool Eventually(const std::function<bool()>& fact, std::chrono::seconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!fact()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kPollEvery);
  }
  return true;
}

int SoakScale() {
  const char* text = std::getenv("MULTIHUB_SOAK_SCALE");
  return text == nullptr ? 1 : std::max(1, std::atoi(text));
}

std::uint64_t SoakSeed() {
  const char* text = std::getenv("MULTIHUB_SOAK_SEED");
  return text == nullptr ? std::random_device{}() : std::strtoull(text, nullptr, 10);
}

std::map<std::string, std::string> FastSandbox() {
  return {{"MULTIHUB_LIMITS_ENABLED", "false"}, {"MULTIHUB_SIMULATOR_DELAY_MS", "200"}};
}

Sandbox::Sandbox(TestEngine engine, std::map<std::string, std::string> env) {
  if (engine == TestEngine::kMysql) server_ = &support::SharedMariadb();
  support::GatewayOptions options;
  options.env = std::move(env);
  Start(std::move(options));
}

Sandbox::Sandbox(support::MariadbServer* server, std::map<std::string, std::string> env) : server_(server) {
  support::GatewayOptions options;
  options.env = std::move(env);
  Start(std::move(options));
}

Sandbox::Sandbox(support::GatewayOptions options) { Start(std::move(options)); }

void Sandbox::Start(support::GatewayOptions options) {
  const std::string sqlite = "sqlite://";
  if (server_ == nullptr) {
    url_ = options.database_url.empty() ? sqlite + dir_.File("hub.db") : options.database_url;
    name_ = url_.substr(sqlite.size());
  } else {
    url_ = server_->CreateDatabase();
    name_ = url_.substr(url_.rfind('/') + 1);
  }
  options.database_url = url_;
  options.cwd = dir_.path();
  gateway_ = std::make_unique<support::GatewayProcess>(std::move(options));
}

SignedClient Sandbox::Client(std::int64_t application_id) const {
  return SignedClient(gateway_->port(), application_id, support::SandboxSecret(application_id));
}

support::RunResult Sandbox::Run(std::vector<std::string> words) const {
  words.insert(words.end(), {"--database", url_});
  return support::RunCli(std::move(words));
}

json Sandbox::Cli(std::vector<std::string> words) const {
  words.push_back("--json");
  const support::RunResult run = Run(std::move(words));
  INFO(run.out);
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  return json::parse(run.out);
}

bool Sandbox::LedgerIsSound(std::string* why) const {
  const support::RunResult run = Run({"ledger", "verify"});
  *why = run.out + run.err;
  return run.exit_code == 0;
}

Rows Sandbox::Sql(const std::string& statement) const {
  if (server_ != nullptr) return server_->Query(statement, name_);
  support::SpawnOptions spawn;
  spawn.argv = {"sqlite3", "-batch", "-separator", "\t", "-nullvalue", "NULL", name_};
  spawn.stdin_text = ".timeout 60000\n" + statement + ";\n";
  const support::RunResult run = support::Run(std::move(spawn));
  if (run.exit_code != 0) throw std::runtime_error(run.err + " in " + statement);
  Rows rows;
  std::istringstream lines(run.out);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string>& row = rows.emplace_back();
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, '\t');) row.push_back(field);
  }
  return rows;
}

std::int64_t Sandbox::Count(const std::string& from_where) const {
  return std::stoll(Sql("SELECT COUNT(*) FROM " + from_where).at(0).at(0));
}

std::string Sandbox::Bytes() const {
  std::string bytes;
  if (server_ != nullptr) {
    for (const auto& table : server_->Query("SHOW TABLES", name_)) {
      for (const auto& row : server_->Query("SELECT * FROM " + table.at(0), name_)) {
        for (const std::string& field : row) bytes += field + "\n";
      }
    }
    return bytes;
  }
  for (const auto& file : std::filesystem::directory_iterator(dir_.path())) {
    if (file.is_regular_file()) bytes += support::ReadFile(file.path().string());
  }
  return bytes;
}

json Deposit(std::int64_t service_id, std::int64_t value, const std::string& currency, const json& c_id) {
  json request = PaymentShape("payment.in", service_id, value, currency, c_id);
  request["params"]["payment"]["payer"] = json::object();
  return request;
}

json Payout(std::int64_t service_id, std::int64_t value, const std::string& currency, const json& c_id,
            const json& receiver) {
  json request = PaymentShape("payment.out", service_id, value, currency, c_id);
  request["params"]["payment"]["receiver"] = receiver;
  return request;
}

json MxnPayout(std::int64_t value, const json& c_id) {
  return Payout(14801, value, "MXN", c_id, {{"bank", {{"account", {{"id", kClabe}}}}}});
}

json StatusOf(const json& identifiers) {
  return {{"method", "payment.status"}, {"params", {{"payment", {{"identifiers", identifiers}}}}}};
}

json NotificationOf(const json& identifiers) {
  return {{"method", "payment.notification"}, {"params", {{"payment", {{"identifiers", identifiers}}}}}};
}

json ById(const std::string& h_id) { return {{"h_id", h_id}}; }

Answer Resend(SignedClient* client, const std::string& h_id, const std::string& body) {
  return client->CallRaw("POST", "/api/v1/payments/" + h_id + "/webhook/resend", client->Headers(body), body);
}

std::string TestCardNumber() { return std::string("41") + std::string(14, '1'); }

void CheckAnswer(const Answer& answer, int code) {
  CheckEnvelope(answer, code);
  CHECK(answer.signature_ok);
  CHECK(answer.http.CountHeader("X-Data-Hash") == 1);
}

void CheckUnsigned(const Answer& answer, int code) {
  CheckEnvelope(answer, code);
  CHECK_FALSE(answer.has_signature);
}

json PaymentIn(const Answer& answer) {
  CheckAnswer(answer, 0);
  const json payment = answer.at("/result/payment");
  REQUIRE(payment.is_object());
  return payment;
}

std::string IdOf(const json& payment) { return payment["identifiers"]["h_id"].get<std::string>(); }

json BalanceOf(SignedClient* client, const std::string& currency) {
  const Answer answer = client->Call(json{{"method", "balance.get"}});
  CheckAnswer(answer, 0);
  for (const json& amount : answer.at("/result/balance/amounts")) {
    if (amount["currency"] == currency) return amount;
  }
  return nullptr;
}

json AwaitFinal(SignedClient* client, const std::string& h_id) {
  return AwaitPayment(client, h_id, [](const json& status) { return status["final"].get<bool>(); });
}

json AwaitStatus(SignedClient* client, const std::string& h_id, const std::string& wanted) {
  return AwaitPayment(client, h_id, [&](const json& status) { return status["status"] == wanted; });
}

std::string Comparable(const Answer& answer) {
  static const std::regex differing(R"re("request_id":"[^"]*","processing_time":[0-9]+)re");
  return std::to_string(answer.http_status) + " " + std::regex_replace(answer.raw, differing, "");
}

bool IsFinal(const std::string& status) { return status != "created" && status != "processing"; }

void Acknowledged::Add(const std::string& c_id, const std::string& h_id) {
  const std::lock_guard lock(mutex_);
  payments_[c_id] = h_id;
}

void Acknowledged::AddTrouble(const std::string& what) {
  const std::lock_guard lock(mutex_);
  troubles_.push_back(what);
}

std::map<std::string, std::string> Acknowledged::payments() const {
  const std::lock_guard lock(mutex_);
  return payments_;
}

std::string Acknowledged::troubles() const {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (std::size_t i = 0; i < std::min<std::size_t>(troubles_.size(), 10); ++i) all += troubles_[i] + "\n";
  return all;
}

void CheckNothingLost(const Sandbox& sandbox, const std::map<std::string, std::string>& acknowledged) {
  SignedClient client = sandbox.Client();
  std::size_t lost = 0;
  for (const auto& [c_id, h_id] : acknowledged) {
    const Answer answer = client.Call(StatusOf({{"c_id", c_id}, {"h_id", h_id}}));
    const bool found = answer.success() && answer.at("/result/payment/identifiers/h_id") == h_id;
    if (!found && ++lost <= 3) FAIL_CHECK(c_id << " was acknowledged as " << h_id << ": " << answer.raw);
  }
  CHECK(lost == 0);
  CHECK(sandbox.Sql("SELECT COUNT(*) - COUNT(DISTINCT c_id) FROM payments WHERE application_id = 1") == Rows{{"0"}});
}

void CheckAllBecomeFinal(const Sandbox& sandbox) {
  const bool all = Eventually([&] { return sandbox.Count("payments WHERE status IN ('created', 'processing')") == 0; });
  CHECK(all);
  CHECK(sandbox.Count("provider_tasks") == 0);
  std::string why;
  const bool sound = sandbox.LedgerIsSound(&why);
  INFO(why);
  CHECK(sound);
  // One event per version, and the versions without gaps.
  CHECK(sandbox.Count("payments p WHERE status_version <> (SELECT COUNT(*) FROM events e WHERE e.h_id = p.h_id)") == 0);
}

}  // namespace multihub::functional
