#include "endurance/mixed_load_fixture.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

namespace multihub::endurance {

using functional::Deposit;
using functional::Milliseconds;
using functional::Payout;
using functional::StatusOf;
using support::ReceivedRequest;

namespace {

// Ten times what the contract allows: against hangs.
constexpr std::chrono::seconds kAnswerWithin{110};
constexpr std::size_t kRemembered = 500;
constexpr std::size_t kShownTroubles = 10;
// Later than this a caller does not make up for calls it could not make.
constexpr std::chrono::seconds kCatchUp{1};

std::string FreshNonce(int caller, std::int64_t call) {
  return "endurance-" + std::to_string(caller) + "-" + std::to_string(call);
}

std::string HeaderOf(const ReceivedRequest& request, const char* name) {
  const std::string* value = request.Header(name);
  return value == nullptr ? "" : *value;
}

// "payment.created" and so on; what stays unsubscribed is what never happens here.
json NothingThatHappens() { return {"payment.refunded"}; }

}  // namespace

// ---- what all callers share
// ------------------------------------------------------------------------------------------

void Load::Answered(std::chrono::nanoseconds took) {
  ++answers;
  const int now = phase;
  if (now < 0) return;
  const std::lock_guard lock(mutex_);
  latencies_.at(static_cast<std::size_t>(now)).Record(took.count());
}

double Load::PercentileMs(int which, double percent) const {
  const std::lock_guard lock(mutex_);
  return latencies_.at(static_cast<std::size_t>(which)).PercentileMs(percent);
}

std::uint64_t Load::CountOf(int which) const {
  const std::lock_guard lock(mutex_);
  return latencies_.at(static_cast<std::size_t>(which)).count();
}

void Load::Trouble(const std::string& what) {
  const std::lock_guard lock(mutex_);
  ++trouble_count_;
  if (troubles_.size() < kShownTroubles) troubles_.push_back(what);
}

std::int64_t Load::troubles() const {
  const std::lock_guard lock(mutex_);
  return trouble_count_;
}

std::string Load::first_troubles() const {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (const std::string& trouble : troubles_) all += trouble + "\n";
  return all;
}

void Load::Method(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ++methods_[name];
}

std::map<std::string, std::int64_t> Load::methods() const {
  const std::lock_guard lock(mutex_);
  return methods_;
}

// ---- merchants
// -------------------------------------------------------------------------------------------------------

Merchant::Merchant(const Sandbox& sandbox, int number, std::string hook, std::string idle_hook, Load* load)
    : application_(number % 2 == 0 ? 1 : 2),
      number_(number),
      hook_(std::move(hook)),
      idle_hook_(std::move(idle_hook)),
      load_(load),
      client_(sandbox.Client(application_)),
      random_(static_cast<unsigned>(number)) {
  client_.set_timeout(kAnswerWithin);
}

std::string Merchant::ClientId(std::int64_t number) const {
  return "m" + std::to_string(number_) + "-" + std::to_string(number);
}

void Merchant::Run(const std::atomic<bool>& stop) {
  auto due = Clock::now();
  while (!stop) {
    const std::chrono::microseconds interval(load_->interval_us);
    due += interval;
    const auto now = Clock::now();
    if (interval.count() == 0 || due + kCatchUp < now) due = now;
    std::this_thread::sleep_until(due);
    CallSomething();
  }
}

void Merchant::CallSomething() {
  const unsigned kind = random_() % 100;
  if (kind < 18) return Pay(true);
  if (kind < 30) return Pay(false);
  if (kind < 62) return AskStatus();
  if (kind < 72) return AskBalance();
  if (kind < 86) return Ping();
  if (kind < 89) return Notify();
  if (kind < 94) return ManageWebhooks();
  LookAtEvents();
}

std::optional<json> Merchant::Call(const json& request, const std::set<int>& codes) {
  // In force before the call goes out or when its answer has come: then it may have met the outage.
  const bool outage_before = load_->outage;
  const auto sent = Clock::now();
  const Answer answer = client_.Call(request);
  load_->Answered(Clock::now() - sent);
  load_->Method(request["method"].get<std::string>());
  const auto trouble = [&](const char* what) {
    load_->Trouble(std::string(what) + ": " + answer.transport_error + answer.raw + " to " + request.dump());
  };
  if (!answer.ok() || !answer.signature_ok) {
    trouble("no answer of the gateway");
    return std::nullopt;
  }
  if (answer.success()) {
    if (request["method"] != "gateway.ping") ++served_;
    return answer.at("/result");
  }
  const int code = answer.code();
  const bool excused = (outage_before || load_->outage) && (code == 2000 || code == 1000);
  if (excused) {
    ++load_->in_outage;
  } else if (!codes.contains(code)) {
    trouble("a refusal");
  }
  return std::nullopt;
}

void Merchant::Expect(bool holds, const char* what, const json& request, const json& result) {
  if (!holds) load_->Trouble(std::string(what) + ": " + result.dump() + " to " + request.dump());
}

json Merchant::Guarded(const std::string& method, json params) {
  params["issued_at"] =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  params["nonce"] = FreshNonce(number_, ++calls_);
  return {{"method", method}, {"params", std::move(params)}};
}

std::int64_t Merchant::AnyNumber() {
  if (acknowledged_.empty()) return 0;
  // Mostly a recent one.
  const std::int64_t last = acknowledged_.rbegin()->first;
  const std::int64_t back = static_cast<std::int64_t>(random_() % (OneIn(10) ? 100'000 : 200));
  const auto at = acknowledged_.lower_bound(std::max<std::int64_t>(last - back, 1));
  return at == acknowledged_.end() ? last : at->first;
}

void Merchant::Pay(bool deposit) {
  const std::int64_t number = ++payments_;
  const std::string c_id = ClientId(number);
  // Ends of every kind; most succeed, and deposits bring more than payouts take.
  static constexpr std::int64_t kEndings[] = {0, 0, 0, 0, 0, 0, 1, 2, 3, 8, 6, 7};
  const std::size_t endings = std::size(kEndings) - (load_->late_endings ? 0 : 2);
  const std::int64_t hundreds = deposit ? 200 + static_cast<std::int64_t>(random_() % 100) : 10 + number % 10;
  const std::int64_t value = hundreds * 100 + kEndings[random_() % endings];
  json request;
  if (application_ == 1) {
    request = deposit ? Deposit(14703, value, "MXN", c_id) : functional::MxnPayout(value, c_id);
  } else {
    request = deposit ? Deposit(14702, value, "INR", c_id)
                      : Payout(14803, value, "INR", c_id, {{"upi", {{"vpa", "shop@examplebank"}}}});
  }
  if (OneIn(8)) {
    request["params"]["payment"]["webhook_url"] = hook_;
    request["params"]["payment"]["webhook_events"] = {"payment.completed", "payout.completed"};
  }
  const auto result = Call(request);
  if (!result) return;
  const json payment = result->value("payment", json::object());
  const json identifiers = payment.value("identifiers", json::object());
  Expect(identifiers.value("c_id", "") == c_id && payment.value("service_id", 0) == request["service_id"] &&
             payment.value("/amount/value"_json_pointer, 0) == value && identifiers.value("h_id", "").size() == 30,
         "another payment was answered", request, *result);
  acknowledged_[number] = identifiers.value("h_id", "");
  amounts_[number] = value;
  versions_[number] = payment.value("status_version", 0);
  if (amounts_.size() > kRemembered) {
    amounts_.erase(amounts_.begin());
    versions_.erase(versions_.begin());
  }
}

void Merchant::AskStatus() {
  const std::int64_t number = AnyNumber();
  if (number == 0) return Ping();
  const std::string& h_id = acknowledged_.at(number);
  const json request = StatusOf(OneIn(2) ? json{{"h_id", h_id}} : json{{"c_id", ClientId(number)}});
  const auto result = Call(request);
  if (!result) return;
  const json payment = result->value("payment", json::object());
  Expect(payment.value("/identifiers/h_id"_json_pointer, "") == h_id &&
             payment.value("/identifiers/c_id"_json_pointer, "") == ClientId(number),
         "another payment's status", request, *result);
  const auto known = versions_.find(number);
  if (known == versions_.end()) return;
  const std::int64_t version = payment.value("status_version", 0);
  Expect(version >= known->second && payment.value("/amount/value"_json_pointer, 0) == amounts_.at(number),
         "an older state after a newer one", request, *result);
  known->second = version;
}

void Merchant::Notify() {
  const std::int64_t number = AnyNumber();
  if (number == 0) return Ping();
  // Not final yet: 8000. No endpoint: 8001.
  const json request = functional::NotificationOf({{"h_id", acknowledged_.at(number)}});
  const auto result = Call(request, {8000, 8001});
  if (!result) return;
  Expect(result->value("message", "") == "queued" &&
             result->value("/payment/identifiers/h_id"_json_pointer, "") == acknowledged_.at(number),
         "another payment's notification", request, *result);
}

void Merchant::AskBalance() {
  const json request = {{"method", "balance.get"}};
  const auto result = Call(request);
  if (!result) return;
  Expect(result->value("/balance/id"_json_pointer, 0) == application_, "another's balance", request, *result);
  for (const json& amount : result->value("/balance/amounts"_json_pointer, json::array())) {
    constexpr std::int64_t kNone = -1;
    Expect(amount.value("value", kNone) >= 0 && amount.value("value_freezing", kNone) >= 0, "a negative balance",
           request, *result);
  }
}

void Merchant::Ping() {
  const json request = {{"method", "gateway.ping"}, {"params", json::object()}};
  const auto result = Call(request);
  if (result) Expect(*result == json{{"message", "pong"}}, "no pong", request, *result);
}

void Merchant::MakeWebhook() {
  const std::string url = idle_hook_ + "/" + std::to_string(number_) + "/" + std::to_string(++calls_);
  const json request = Guarded("webhook.create", {{"url", url}, {"events", NothingThatHappens()}});
  const auto result = Call(request);
  if (!result) return;
  Expect(result->value("/webhook/url"_json_pointer, "") == url, "another's endpoint", request, *result);
  webhook_ = result->value("/webhook/id"_json_pointer, "");
}

void Merchant::ManageWebhooks() {
  if (webhook_.empty()) return MakeWebhook();
  static const std::vector<std::string> kMethods = {
      "webhook.get",  "webhook.list",          "webhook.update", "webhook.disable", "webhook.enable",
      "webhook.test", "webhook.rotate_secret", "webhook.get",    "webhook.list",    "webhook.delete"};
  const std::string& method = kMethods[random_() % kMethods.size()];
  json request = {{"method", method}, {"params", {{"id", webhook_}}}};
  if (method == "webhook.list") {
    request["params"] = {{"source", "configured"}};
  } else if (method == "webhook.update") {
    request = Guarded(method, {{"id", webhook_}, {"description", "call " + std::to_string(calls_)}});
  } else if (method != "webhook.get") {
    request = Guarded(method, {{"id", webhook_}});
  }
  const auto result = Call(request);
  if (method == "webhook.delete") {
    // Whether it happened or the outage came between: the next one has another URL.
    webhook_.clear();
  }
  if (!result) return;
  if (method == "webhook.list") {
    const json all = result->value("webhooks", json::array());
    const bool own = std::any_of(all.begin(), all.end(), [&](const json& w) { return w.value("id", "") == webhook_; });
    return Expect(own, "an endpoint is not listed", request, *result);
  }
  Expect(result->value("/webhook/id"_json_pointer, "") == request["params"]["id"], "another's endpoint", request,
         *result);
  if (method == "webhook.test") {
    Expect(result->value("/attempt/http_status"_json_pointer, 0) == 200, "a test that failed", request, *result);
  }
}

void Merchant::LookAtEvents() {
  const std::int64_t number = AnyNumber();
  if (number == 0) return Ping();
  const std::string& h_id = acknowledged_.at(number);
  const json list = {{"method", "event.list"}, {"params", {{"h_id", h_id}}}};
  const auto listed = Call(list);
  if (!listed) return;
  const json events = listed->value("events", json::array());
  Expect(!events.empty(), "a payment without events", list, *listed);
  for (const json& event : events) Expect(event.value("h_id", "") == h_id, "another's event", list, *listed);
  if (events.empty()) return;
  const std::string id = events.front().value("id", "");
  const json get = {{"method", "event.get"}, {"params", {{"id", id}}}};
  const auto got = Call(get);
  if (got) {
    Expect(got->value("/event/id"_json_pointer, "") == id && got->value("/event/body/id"_json_pointer, "") == id,
           "another event", get, *got);
  }
  if (!OneIn(4)) return;
  const json replay = Guarded("event.replay", {{"id", id}});
  const auto replayed = Call(replay, {8001});
  if (!replayed) return;
  for (const json& delivery : replayed->value("deliveries", json::array())) {
    Expect(delivery.value("h_id", "") == h_id, "another's delivery", replay, *replayed);
  }
}

void RunAborting(Sandbox& sandbox, int number, std::chrono::milliseconds pause, Load* load,
                 const std::atomic<bool>& stop) {
  std::mt19937 random(1'000 + static_cast<unsigned>(number));
  const support::SignedClient signer = sandbox.Client(1 + number % 2);
  const std::uint16_t port = sandbox.gateway().port();
  for (std::int64_t n = 0; !stop; ++n) {
    std::string bytes;
    for (unsigned i = 0; i <= random() % 3; ++i) {
      const std::string c_id = "a" + std::to_string(number) + "-" + std::to_string(n) + "-" + std::to_string(i);
      const std::string body =
          random() % 3 == 0 ? Deposit(14702, 20'000, "INR", c_id).dump() : std::string(functional::kPing);
      bytes += support::HttpRequest("POST", support::kApiPath, signer.Headers(body), body);
    }
    if (random() % 3 == 0) bytes.resize(random() % bytes.size());
    support::TcpClient client;
    if (!client.Connect("127.0.0.1", port)) continue;
    client.SendAll(bytes);
    if (random() % 3 == 0) client.ReadSome(1 + random() % 200, Milliseconds(random() % 4));
    client.Abort();
    ++load->aborted;
    if (pause.count() > 0) std::this_thread::sleep_for(pause);
  }
}

// ---- their receiver
// --------------------------------------------------------------------------------------------------

WebhookDesk::WebhookDesk(Load* load) : load_(load) {
  receiver_.OnAnyOther([this](const ReceivedRequest& request) { return Take(request); });
}

std::size_t WebhookDesk::different() const {
  const std::lock_guard lock(mutex_);
  return seen_.size();
}

support::Reaction WebhookDesk::Take(const ReceivedRequest& request) {
  constexpr std::size_t kWholeOf = 32;
  const std::string id = HeaderOf(request, "X-Webhook-Id");
  const std::size_t count = ++requests_;
  const bool idle = request.path.starts_with("/idle");
  if (id.empty()) load_->Trouble("a webhook without an id at " + request.path);
  if (count % kWholeOf == 0) {
    const std::int64_t application = request.path.starts_with("/app1") || request.path.starts_with("/own1") ? 1 : 2;
    const bool is_own =
        HeaderOf(request, "X-Data-Hash") == support::Sign(request.body, support::SandboxSecret(application));
    const bool is_other =
        HeaderOf(request, "X-Data-Hash") == support::Sign(request.body, support::SandboxSecret(3 - application));
    const json body = json::parse(request.body, nullptr, false);
    if (body.is_discarded() || body.value("id", "") != id || !(is_own || (idle && is_other))) {
      load_->Trouble("a webhook that is not what it says at " + request.path + ": " + request.body);
    }
  }
  if (!idle) {
    const std::lock_guard lock(mutex_);
    seen_.insert(std::hash<std::string>{}(request.path + " " + id));
  }
  return support::Reaction::Answer(200);
}

// ---- the process
// -----------------------------------------------------------------------------------------------------

Vitals VitalsOf(pid_t pid) {
  const std::string proc = "/proc/" + std::to_string(pid);
  Vitals vitals;
  std::ifstream status(proc + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) vitals.resident_kb = std::stoll(line.substr(6));
  }
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(proc + "/fd")) ++vitals.descriptors;
  return vitals;
}

Vitals MedianOf(const std::vector<Vitals>& samples, double from_share, double to_share) {
  std::vector<std::int64_t> resident, descriptors;
  for (const Vitals& sample : samples) {
    if (sample.at_share < from_share || sample.at_share >= to_share) continue;
    resident.push_back(sample.resident_kb);
    descriptors.push_back(sample.descriptors);
  }
  Vitals median;
  if (resident.empty()) return median;
  const auto middle = static_cast<std::ptrdiff_t>(resident.size() / 2);
  std::nth_element(resident.begin(), resident.begin() + middle, resident.end());
  std::nth_element(descriptors.begin(), descriptors.begin() + middle, descriptors.end());
  median.resident_kb = resident[resident.size() / 2];
  median.descriptors = descriptors[descriptors.size() / 2];
  return median;
}

}  // namespace multihub::endurance
