// What merchants send, and what only they know, stays where it belongs: out of the log and the console, the metrics
// page, the stored attempts of webhooks, and the errors that calls are answered with.
#include <algorithm>
#include <atomic>
#include <set>
#include <sstream>

#include "support/fixtures.h"
#include "support/free_port.h"
#include "support/gateway_fixture.h"
#include "support/metrics_page.h"
#include "support/webhook_receiver.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::SignedClient;
using support::WebhookReceiver;

// ---- canaries -----------------------------------------------------------------------------------------------------

enum class Kind { kWord, kSecret, kCard, kCvv, kIban, kEmail, kPhone };
constexpr Kind kKinds[] = {Kind::kWord, Kind::kSecret, Kind::kCard, Kind::kCvv,
                           Kind::kIban, Kind::kEmail,  Kind::kPhone};

std::string Padded(std::size_t number, std::size_t width) {
  const std::string digits = std::to_string(number);
  return std::string(width - std::min(width, digits.size()), '0') + digits;
}

// Sixteen digits with the right last one, nobody's.
std::string CardNumber(std::size_t number) {
  const std::string digits = "42" + Padded(number * 7919 % 10'000'000'000'000, 13);
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const int twice = (digits[i] - '0') * (i % 2 == 0 ? 2 : 1);
    sum += twice > 9 ? twice - 9 : twice;
  }
  return digits + std::to_string((10 - sum % 10) % 10);
}

// A German account that no bank has, with its check digits (ISO 13616).
std::string Iban(std::size_t number) {
  const std::string account = "00000000" + Padded(number, 10);
  int rest = 0;
  for (const char c : account + "131400") rest = (rest * 10 + (c - '0')) % 97;
  return "DE" + Padded(static_cast<std::size_t>(98 - rest), 2) + account;
}

// A text unlike any other for each place, looked for everywhere later.
class Canaries {
 public:
  std::string Next(const std::string& field) { return Keep("canary" + std::to_string(canaries_.size()) + "x" + field); }
  std::string Next(Kind kind) {
    const std::size_t number = canaries_.size() + 1;
    switch (kind) {
      case Kind::kWord:
        return Next("word");
      case Kind::kSecret:
        return Keep("whsec_canary" + Padded(number, 32) + "=");
      case Kind::kCard:
        return Keep(CardNumber(number));
      case Kind::kCvv:
        // Three digits alone would be found anywhere.
        return Keep("cvv737canary" + std::to_string(number));
      case Kind::kIban:
        return Keep(Iban(number));
      case Kind::kEmail:
        return Keep("canary." + std::to_string(number) + "@example.test");
      case Kind::kPhone:
        return Keep("+19995550" + Padded(number, 6));
    }
    return {};
  }
  std::string Keep(const std::string& value) {
    canaries_.push_back(value);
    return value;
  }
  const std::vector<std::string>& all() const { return canaries_; }

 private:
  std::vector<std::string> canaries_;
};

// The first canaries found in a text; the test says which.
void CheckHoldsNone(const std::string& where, const std::string& text, const Canaries& canaries) {
  const bool any_word = Contains(text, "canary");
  int found = 0;
  for (const std::string& canary : canaries.all()) {
    if (!any_word && Contains(canary, "canary")) continue;
    const std::size_t at = text.find(canary);
    if (at == std::string::npos) continue;
    const std::size_t begin = at < 100 ? 0 : at - 100;
    FAIL_CHECK(canary << " in " << where << ": " << text.substr(begin, 200 + canary.size()));
    if (++found == 5) return;
  }
}

// A signature has 128.
std::size_t LongestRunOfHexDigits(const std::string& text) {
  std::size_t longest = 0, run = 0;
  for (const char c : text) {
    run = std::isxdigit(static_cast<unsigned char>(c)) != 0 ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

// The errors of answers. By the contract they say nothing of what was sent, but for the c_id of the payment that a
// repeated one names.
class Errors {
 public:
  void Note(const Answer& answer) {
    CHECK(answer.ok());
    if (answer.success()) return;
    json error = answer.at("/error");
    if (error["code"] == 6009) {
      CHECK(error["context"].size() == 2);
      CHECK(error["context"]["identifiers"].erase("c_id") == 1);
    }
    text_ += error.dump() + "\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// In the errors, and in everything that is kept or shown beside answers and payments. The gateway ends with it.
void CheckNothingShows(Sandbox* sandbox, const Canaries& canaries, const Errors& errors) {
  // Every webhook has been tried, so that its attempt is there to be looked at.
  CHECK(Eventually([&] { return sandbox->Count("webhook_deliveries WHERE attempts = 0 AND state = 'pending'") == 0; }));
  std::string attempts;
  for (const auto& row : sandbox->Sql("SELECT * FROM webhook_attempts")) {
    for (const std::string& field : row) attempts += field + "\t";
    attempts += "\n";
  }
  const std::string metrics = support::ScrapeMetrics(sandbox->gateway().ops_port()).text;
  CHECK(sandbox->gateway().Terminate() == 0);
  const std::string log = sandbox->gateway().log();
  const std::string console = sandbox->gateway().notices();

  CHECK(Contains(log, "\"request_id\""));
  CHECK(Contains(metrics, "multihub_request_duration_seconds"));
  CHECK_FALSE(Contains(log, "sandbox-secret-"));
  for (const auto& [name, text] : {std::pair<std::string, const std::string*>{"the log", &log},
                                   {"the console", &console},
                                   {"the metrics", &metrics},
                                   {"the attempts", &attempts},
                                   {"the errors", &errors.text()}}) {
    CheckHoldsNone(name, *text, canaries);
    INFO(name);
    CHECK_FALSE(Contains(*text, "canary"));
    CHECK_FALSE(Contains(*text, support::kTestMasterKey));
    // The console has a first call to paste, with its signature.
    if (text != &console) CHECK(LongestRunOfHexDigits(*text) < 128);
  }
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) CHECK(json::parse(line, nullptr, false).is_object());
}

std::map<std::string, std::string> Talkative() {
  auto env = FastSandbox();
  env["MULTIHUB_LOG_LEVEL"] = "debug";
  return env;
}

// ---- payments to their end ----------------------------------------------------------------------------------------

json Payer(Canaries* canaries) {
  return {{"email", canaries->Next("email") + "@example.test"},
          {"phone", canaries->Next("phone")},
          {"person", {{"first_name", canaries->Next("first")}, {"last_name", canaries->Next("last")}}},
          {"customer_account", {{"id", canaries->Next("account")}}},
          {"unknown", canaries->Next("unknown")}};
}

void AddEverything(json* request, const WebhookReceiver& receiver, Canaries* canaries) {
  json& payment = (*request)["params"]["payment"];
  payment["payer"] = Payer(canaries);
  payment["description"] = canaries->Next("description");
  payment["client"] = {{"language", "EN"}, {"country", "IN"}, {"unknown", canaries->Next("client")}};
  payment["webhook_url"] = receiver.Url("/" + canaries->Next("url") + "?email=" + canaries->Next("query"));
  payment["webhook_events"] = {"payment.completed", "payout.completed"};
  payment["unknown"] = canaries->Next("unknown");
  (*request)["unknown"] = canaries->Next("unknown");
  (*request)["params"]["unknown"] = canaries->Next("unknown");
}

std::vector<json> Requests(const WebhookReceiver& receiver, Canaries* canaries) {
  std::vector<json> requests;
  for (const std::int64_t amount : {5000, 5001, 5005, 5008, 5009, 0}) {
    json deposit = Deposit(14702, amount, "INR", canaries->Next("cid"));
    AddEverything(&deposit, receiver, canaries);
    requests.push_back(deposit);
    json payout = Payout(14802, amount, "INR", canaries->Next("cid"),
                         {{"person", {{"first_name", canaries->Next("first")}, {"last_name", canaries->Next("last")}}},
                          {"email", canaries->Next("email")},
                          {"phone", canaries->Next("phone")},
                          {"bank",
                           {{"name", canaries->Next("bank")},
                            {"ifsc", canaries->Keep("HDFC0CANARY")},
                            {"account", {{"id", canaries->Keep("99887766" + std::to_string(10000 + amount))}}}}},
                          {"upi", {{"vpa", canaries->Next("vpa") + "@bank"}}}});
    AddEverything(&payout, receiver, canaries);
    requests.push_back(payout);
    json card = Payout(14806, amount + 1000, "EUR", canaries->Next("cid"),
                       {{"card", {{"number", canaries->Keep(TestCardNumber())}}}});
    AddEverything(&card, receiver, canaries);
    requests.push_back(card);
  }
  // Refused for the very field that holds the canary.
  json wrong = Deposit(14702, 5000, canaries->Next("currency"), canaries->Next("cid"));
  requests.push_back(wrong);
  wrong["params"]["payment"]["webhook_url"] = "https://10.0.0.1/" + canaries->Next("url");
  requests.push_back(wrong);
  wrong["params"]["payment"]["webhook_events"] = {canaries->Next("event")};
  requests.push_back(wrong);
  requests.push_back(
      Payout(14801, 5000, "MXN", canaries->Next("cid"), {{"bank", {{"account", {{"id", canaries->Next("clabe")}}}}}}));
  requests.push_back(Payout(14806, 5000, "EUR", canaries->Next("cid"),
                            {{"card", {{"number", canaries->Keep(std::string("42") + std::string(14, '7'))}}}}));
  requests.push_back(json{{"method", canaries->Next("method")}});
  requests.push_back(json{{"method", "payment.in"}, {"service_id", canaries->Next("service")}});
  requests.push_back(json{{"method", "gateway.ping"}, {"params", {{"note", canaries->Next("note")}}}});
  requests.push_back(json{{"method", "balance.get"}, {"params", {{"note", canaries->Next("note")}}}});
  for (const auto& method : {StatusOf, NotificationOf}) {
    requests.push_back(method({{"c_id", canaries->Next("cid")}}));
    requests.push_back(method({{"h_id", canaries->Next("hid")}}));
  }
  return requests;
}

TEST_CASE("gateway: nothing of a payment shows on its way to its end, no secret and no hash, whatever the level") {
  Sandbox sandbox(EachEngine(), Talkative());
  const WebhookReceiver receiver;
  sandbox.Cli({"balance", "topup", "1", "EUR", "100000", "--reference", "eur", "--reason", "test"});
  SignedClient client = sandbox.Client();
  Canaries canaries;
  Errors errors;
  std::vector<std::string> ids;
  for (const json& request : Requests(receiver, &canaries)) {
    const std::string body = request.dump();
    canaries.Keep(support::Sign(body, client.secret()));
    const Answer answer = client.Call(std::string_view(body));
    CHECK(answer.signature_ok);
    errors.Note(answer);
    const std::string* hash = answer.http.Header("X-Data-Hash");
    if (hash != nullptr) canaries.Keep(*hash);
    if (answer.success() && answer.json["result"].contains("payment")) ids.push_back(IdOf(PaymentIn(answer)));
  }
  CHECK(ids.size() >= 12);
  for (const std::string& text : {"{\"method\":\"" + canaries.Next("cut"), "[\"" + canaries.Next("array") + "\"]",
                                  "{\"" + canaries.Next("key") + "\":1,\"" + canaries.all().back() + "\":2}"}) {
    const Answer answer = client.Call(std::string_view(text));
    CheckAnswer(answer, 1005);
    errors.Note(answer);
  }
  CheckUnsigned(client.CallWith(kPing, {{"X-Data-Hash", canaries.Keep(support::Sign("x", "wrong secret"))}}), 3000);
  CheckUnsigned(client.CallWith(kPing, {{"X-Data-Application-Id", canaries.Next("application")}}), 3001);
  CheckUnsigned(client.CallRaw("POST", "/" + canaries.Next("path"), client.Headers(kPing), kPing), 1001);
  CheckAnswer(Resend(&client, canaries.Next("resend")), 6010);
  for (const std::string& h_id : ids) {
    if (PaymentIn(client.Call(StatusOf(ById(h_id))))["amount"]["value"].get<int>() % 100 != 9) {
      AwaitFinal(&client, h_id);
    }
  }
  CHECK(receiver.WaitFor(1));
  CheckNothingShows(&sandbox, canaries, errors);
}

// ---- every field of every method ----------------------------------------------------------------------------------

using Pointer = json::json_pointer;

json ContractFile(const std::string& name) {
  return json::parse(support::ReadFile(std::string(MULTIHUB_SOURCE_DIR) + "/docs/contract/" + name));
}

// Every field that the contract knows of a request, objects too, as places in it. `node` is a part of
// schemas/request.json.
void AddFields(const json& root, json node, const Pointer& at, std::vector<Pointer>* fields) {
  while (node.contains("$ref")) node = root.at(Pointer(node["$ref"].get<std::string>().substr(1)));
  if (node.contains("properties")) {
    if (!at.empty()) fields->push_back(at);
    for (const auto& item : node["properties"].items()) AddFields(root, item.value(), at / item.key(), fields);
  } else if (node.contains("anyOf")) {
    // The forms of one field; null is not worth a call.
    std::vector<Pointer> forms;
    for (const json& form : node["anyOf"]) {
      if (form != json{{"type", "null"}}) AddFields(root, form, at, &forms);
    }
    for (const Pointer& form : forms) {
      if (std::find(fields->begin(), fields->end(), form) == fields->end()) fields->push_back(form);
    }
  } else if (node.contains("items")) {
    fields->push_back(at / 0);
  } else {
    fields->push_back(at);
  }
}

// The fields of the values that a request has.
void AddValues(const json& node, const Pointer& at, std::vector<Pointer>* fields) {
  if (!at.empty()) fields->push_back(at);
  if (!node.is_structured()) return;
  std::size_t place = 0;
  for (const auto& item : node.items()) {
    AddValues(item.value(), node.is_array() ? at / place++ : at / item.key(), fields);
  }
}

struct Shape {
  json request;  // that the gateway accepts, but for what Fresh puts in
  std::vector<Pointer> fields;
};

// An example of each method with every field of its schema, and the requests of the fixtures with the fields they have.
std::vector<Shape> Shapes() {
  const json schema = ContractFile("schemas/request.json");
  const json examples = ContractFile("openapi.json")
                            .at(Pointer("/paths/~1public~1api~1multihub~1v1/post/requestBody/content"))
                            .at("application/json")
                            .at("examples");
  std::map<std::string, json> definitions;
  for (const auto& item : schema["$defs"].items()) {
    if (!item.value().contains("properties") || !item.value()["properties"].contains("method")) continue;
    const json& method = item.value()["properties"]["method"]["anyOf"][0]["const"];
    definitions[method.get<std::string>()] = item.value();
  }
  std::vector<Shape> shapes;
  for (const auto& item : examples.items()) {
    Shape shape{item.value()["value"], {}};
    AddFields(schema, definitions.at(shape.request["method"].get<std::string>()), Pointer(), &shape.fields);
    shapes.push_back(std::move(shape));
  }
  CHECK(shapes.size() == definitions.size());
  for (const std::string& name : support::RequestFixtures()) {
    Shape shape{json::parse(support::Fixture("requests/" + name)), {}};
    AddValues(shape.request, Pointer(), &shape.fields);
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

// In a list, the value is the list's only one. A plain value where the field's object should be gives way to it.
void Put(json* request, const Pointer& field, const json& value) {
  const bool listed = field.back() == "0";
  const Pointer place = listed ? field.parent_pointer() : field;
  const Pointer above = place.parent_pointer();
  if (request->contains(above) && !(*request)[above].is_object()) (*request)[above] = json::object();
  (*request)[place] = listed ? json::array({value}) : value;
}

// Calls the gateway with one shape after another.
class Caller {
 public:
  explicit Caller(Sandbox* sandbox) : client_(sandbox->Client()) {
    webhook_ = CreateWebhook();
    json request = Deposit(14702, 5000, "INR", "seed");
    request["params"]["payment"]["webhook_url"] = receiver_.Url("/own");
    h_id_ = IdOf(PaymentIn(client_.Call(request)));
    AwaitFinal(&client_, h_id_);
  }

  const WebhookReceiver& receiver() const { return receiver_; }
  SignedClient& client() { return client_; }
  Canaries& canaries() { return canaries_; }
  const Errors& errors() const { return errors_; }

  // The request with a c_id, nonce, moment and ids of this gateway, so that it is refused for nothing but its canary.
  json Fresh(json request) {
    const std::string method = request["method"].is_object() ? request["method"]["const"] : request["method"];
    json& params = request["params"];
    if (method == "payment.in" || method == "payment.out") {
      params["payment"]["identifiers"]["c_id"] = "fresh-" + Number();
      params["payment"]["webhook_url"] = receiver_.Url("/own");
    } else if (method == "payment.status" || method == "payment.notification") {
      params["payment"]["identifiers"] = {{"c_id", "seed"}};
    }
    if (params.contains("url")) params["url"] = receiver_.Url("/shape-" + Number());
    if (params.contains("webhook_id")) params["webhook_id"] = webhook_;
    if (params.contains("id")) params["id"] = IdFor(method);
    return params.contains("nonce") ? Changing(method, params) : request;
  }

  Answer Call(const json& request) {
    const std::string body = request.dump();
    const Answer answer = client_.Call(std::string_view(body));
    INFO(body);
    errors_.Note(answer);
    KeepSecretOf(answer);
    if (answer.success() && request["method"] == "webhook.delete") doomed_.clear();
    if (answer.success() && request["method"] == "webhook.create") made_.push_back(answer.at("/result/webhook/id"));
    return answer;
  }

  // An application has room for so many, and each of them hears of every payment.
  void DeleteMade() {
    for (const std::string& id : std::exchange(made_, {})) {
      CheckAnswer(client_.Call(Changing("webhook.delete", {{"id", id}})), 0);
    }
  }

  // Any other bytes on the line.
  void Send(const std::string& verb, const std::string& path,
            const std::vector<std::pair<std::string, std::string>>& headers, const std::string& body) {
    const Answer answer = client_.CallRaw(verb, path, headers, body);
    INFO(verb << " " << path);
    errors_.Note(answer);
  }
  void SendWith(const std::string& header, const std::string& value) {
    const Answer answer = client_.CallWith(kPing, {{header, value}});
    INFO(header << ": " << value);
    errors_.Note(answer);
  }

 private:
  std::string Number() { return std::to_string(++numbers_); }

  json Changing(const std::string& method, json params) {
    params["issued_at"] =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    params["nonce"] = "fresh-nonce-" + Number();
    return {{"method", method}, {"params", params}};
  }

  std::string IdFor(const std::string& method) {
    if (method.rfind("event.", 0) == 0) return h_id_ + ":payment.completed";
    if (method != "webhook.delete") return webhook_;
    if (doomed_.empty()) doomed_ = CreateWebhook();
    return doomed_;
  }

  std::string CreateWebhook() {
    const Answer made = client_.Call(
        Changing("webhook.create", {{"url", receiver_.Url("/configured-" + Number())}, {"events", {"*"}}}));
    CheckAnswer(made, 0);
    KeepSecretOf(made);
    return made.at("/result/webhook/id").get<std::string>();
  }

  // Shown once, to the one who asked, and to nobody else.
  void KeepSecretOf(const Answer& answer) {
    const json secret = answer.at("/result/webhook/secret");
    if (secret.is_string()) canaries_.Keep(secret.get<std::string>());
  }

  WebhookReceiver receiver_;
  SignedClient client_;
  Canaries canaries_;
  Errors errors_;
  std::string webhook_, h_id_;
  std::string doomed_;  // what webhook.delete may delete
  std::vector<std::string> made_;
  int numbers_ = 0;
};

void FillField(Caller* caller, const json& shape, const Pointer& field) {
  const auto call = [&](const json& value) {
    json request = caller->Fresh(shape);
    Put(&request, field, value);
    caller->Call(request);
  };
  Canaries& canaries = caller->canaries();
  for (const Kind kind : kKinds) call(canaries.Next(kind));
  // Where a number may stand, a card number can be one.
  call(std::stoll(canaries.Next(Kind::kCard)));
  const std::string name = field.back();
  if (name != "url" && name != "webhook_url") return;
  for (const Kind kind : kKinds) {
    call(caller->receiver().Url("/" + canaries.Next(kind) + "?to=" + canaries.Next(kind)));
  }
}

void FillEveryField(Caller* caller, const std::vector<Shape>& shapes) {
  for (const Shape& shape : shapes) {
    for (const Pointer& field : shape.fields) FillField(caller, shape.request, field);
    caller->DeleteMade();
  }
}

// To every object of the request, all at once.
void AddUnknown(json* node, Canaries* canaries) {
  for (json& below : *node) {
    if (below.is_structured()) AddUnknown(&below, canaries);
  }
  if (!node->is_object()) return;
  for (const Kind kind : kKinds) {
    (*node)[canaries->Next(kind)] = {canaries->Next(kind), {{canaries->Next(kind), canaries->Next(kind)}}};
  }
}

void FillUnknownFields(Caller* caller, const std::vector<Shape>& shapes) {
  for (const Shape& shape : shapes) {
    json request = caller->Fresh(shape.request);
    AddUnknown(&request, &caller->canaries());
    caller->Call(request);
  }
}

void RepeatClientIds(Caller* caller) {
  for (const Kind kind : kKinds) {
    const json request = Deposit(14702, 5000, "INR", caller->canaries().Next(kind));
    CheckAnswer(caller->Call(request), 0);
    CheckAnswer(caller->Call(request), 6009);
  }
}

// Where nobody listens, and where nobody speaks TLS.
void SendInVain(Caller* caller) {
  const std::string nobody = "http://127.0.0.1:" + std::to_string(support::FreePort());
  const std::string no_tls = "https://127.0.0.1:" + std::to_string(caller->receiver().port());
  for (const std::string& host : {nobody, no_tls}) {
    json request = Deposit(14702, 5000, "INR", caller->canaries().Next("cid"));
    request["params"]["payment"]["webhook_url"] = host + "/" + caller->canaries().Next(Kind::kEmail);
    CheckAnswer(caller->Call(request), 0);
  }
}

void FillHeaders(Caller* caller) {
  for (const Kind kind : kKinds) {
    const auto next = [&] { return caller->canaries().Next(kind); };
    for (const char* header : {"X-Data-Application-Id",
                               "X-Data-Hash",
                               "Content-Type",
                               "Authorization",
                               "Cookie",
                               "User-Agent",
                               "Referer",
                               "X-Request-Id",
                               "X-Forwarded-For",
                               "Forwarded",
                               "traceparent",
                               "tracestate",
                               "X-Api-Key",
                               "Idempotency-Key",
                               "Accept",
                               "Accept-Language",
                               "Connection",
                               "Expect",
                               "Transfer-Encoding",
                               "Content-Encoding",
                               "Host"}) {
      caller->SendWith(header, next());
    }
    caller->SendWith("X-Forwarded-For", next() + ", 127.0.0.1");
    caller->SendWith("Forwarded", "for=" + next() + ";by=\"" + next() + "\", for=127.0.0.1");
    caller->SendWith("Content-Type", "application/json; boundary=" + next());
    caller->SendWith(next(), next());
    // A valid trace, with a state of the merchant's own, that goes on with a payment.
    const std::string body = caller->Fresh(Deposit(14702, 5000, "INR", "traced")).dump();
    auto headers = caller->client().Headers(body);
    headers.emplace_back("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    std::string state = next();
    std::erase(state, '=');
    headers.emplace_back("tracestate", "shop=" + caller->canaries().Keep(state));
    caller->Send("POST", support::kApiPath, headers, body);
  }
}

void FillAddresses(Caller* caller) {
  const auto headers = [&](const std::string& body) { return caller->client().Headers(body); };
  for (const Kind kind : kKinds) {
    const auto next = [&] { return caller->canaries().Next(kind); };
    caller->Send("POST", "/" + next(), headers(kPing), kPing);
    caller->Send("POST", std::string(support::kApiPath) + "/" + next(), headers(kPing), kPing);
    caller->Send("POST", std::string(support::kApiPath) + "?card=" + next() + "&" + next() + "=1", headers(kPing),
                 kPing);
    caller->Send("POST", "/api/v1/payments/" + next() + "/webhook/resend", headers(""), "");
    caller->Send("GET", std::string(support::kApiPath) + "?" + next(), headers(""), "");
    const std::string text = "{\"method\":\"gateway.ping\",\"params\":" + next();
    caller->Send("POST", support::kApiPath, headers(text), text);
  }
  caller->Send(caller->canaries().Next("verb"), support::kApiPath, headers(""), "");
}

TEST_CASE("gateway: nothing that stands in any field of any method, known or not, in a header or an address, shows") {
  auto env = Talkative();
  // So that what proxies say is read, too.
  env["MULTIHUB_HTTP_TRUSTED_PROXIES"] = "127.0.0.1";
  Sandbox sandbox(EachEngine(), env);
  Caller caller(&sandbox);
  const std::vector<Shape> shapes = Shapes();
  FillEveryField(&caller, shapes);
  FillUnknownFields(&caller, shapes);
  RepeatClientIds(&caller);
  SendInVain(&caller);
  FillHeaders(&caller);
  FillAddresses(&caller);
  CHECK(caller.canaries().all().size() > 1500);
  CHECK(caller.receiver().count() > 100);
  CheckNothingShows(&sandbox, caller.canaries(), caller.errors());
}

}  // namespace
}  // namespace multihub::functional
