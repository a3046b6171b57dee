#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "multihub/handlers/method_table.h"
#include "multihub/observability/log.h"
#include "multihub/payments/payment_object.h"
#include "support/json.h"
#include "unit/handlers/fake_payments.h"
#include "unit/rpc/gateway_fixture.h"

namespace multihub::handlers {
namespace {

using nlohmann::json;
using testing::FakePayments;
using testing::IsSignedBy;
using testing::ReplyBox;
using testing::SecretOf;
using testing::SignedCall;
using testing::TestRows;

constexpr std::int64_t kApplication = 1;
constexpr std::int64_t kStrict = 2;
const std::string kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr std::string_view kMarker = "zqmarkerqz";  // stands in refused values; must never come back

// The methods behind a real gateway, over payments that only remember.
class HandlersTest {
 public:
  HandlersTest() : clock(1'777'593'600'000), random(3) {
    observability::ConfigureLog(observability::LogLevel::kError, false);
    storage::ApplicationRow& first = rows.AddApplication(kApplication);
    first.test = true;
    rows.AddApplication(kStrict).strict_identifiers = true;
    rows.rows.applications.back().balance_enabled = false;
    domain::Route route;
    route.service_id = domain::ServiceId{14701};
    route.method = "upi";
    route.provider = "simulator";
    rows.rows.routes = {route};
    rows.rows.assignments = {{domain::ApplicationId{kApplication}, route.service_id, true}};
    directory.Replace(rows.Build());
    payments.payment.h_id = "pay_01hx3q7k2m4v8d5e6f7g8h9j0k";
    payments.payment.c_id = {"ord-7781", false};
    payments.payment.created_ms = payments.payment.updated_ms = 1'777'593'600'120;
    rpc::GatewayOptions gateway_options;
    gateway_options.limits_enabled = false;
    gateway = std::make_unique<rpc::Gateway>(gateway_options, MakeMethodTable(payments, options), directory, clock,
                                             random, nullptr);
  }

  std::string AskRaw(const std::string& body, std::int64_t application = kApplication) {
    ReplyBox box;
    rpc::Call call = SignedCall(application, body);
    call.received_us = 777;
    call.traceparent = kTraceparent;
    gateway->Handle(call, box.Opening());
    REQUIRE(box.count() == 1);
    CHECK(IsSignedBy(box.last(), SecretOf(application)));
    return box.last().body;
  }
  json Ask(const std::string& body, std::int64_t application = kApplication) {
    return json::parse(AskRaw(body, application));
  }

  TestRows rows;
  auth::DirectoryCache directory;
  base::ManualClock clock;
  base::SeededRandom random;
  FakePayments payments;
  HandlerOptions options;
  std::unique_ptr<rpc::Gateway> gateway;
};

int CodeOf(const json& reply) { return reply["success"] == true ? 0 : reply["error"]["code"].get<int>(); }

json ValidIn() {
  return json::parse(R"({"method":"payment.in","service_id":14701,"params":{"payment":{
      "payer":{"email":"asha@example.test","phone":"9000000001","person":{"first_name":"Asha","last_name":"Rao"},
               "customer_account":{"id":"c-1"}},
      "amount":{"value":25000,"currency":"INR"},"client":{"country":"IN","language":"EN"},
      "identifiers":{"c_id":"ord-7781"},"description":"Order","webhook_url":"https://shop.example/hook",
      "webhook_events":["payment.completed"]}}})");
}

json ValidOut() {
  return json::parse(R"({"method":"payment.out","service_id":14801,"params":{"payment":{
      "amount":{"value":150000,"currency":"MXN"},"identifiers":{"c_id":"wd-310"},"description":"Payout 310",
      "payer":{"email":"a@example.test"},"client":{"country":"MX"},
      "receiver":{"person":{"first_name":"Luz","last_name":"Prado"},"email":"luz@example.test","phone":"5500000000",
                  "bank":{"code":"1","name":"Bank","ifsc":"I","account":{"id":"032180000118359719"}},
                  "card":{"number":"0"},"upi":{"vpa":"luz@bank"},"payid":"p","payid_type":"email"}}}})");
}

// `raw` (JSON text, kept as it is; empty: the member is removed) at a pointer such as "/params/payment/payer".
std::string With(json body, const std::string& pointer, const std::string& raw) {
  const json::json_pointer place(pointer);
  if (raw.empty()) {
    if (body.contains(place)) body[place.parent_pointer()].erase(place.back());
    return body.dump();
  }
  body[place] = "@@";
  std::string text = body.dump();
  text.replace(text.find("\"@@\""), 4, raw);
  return text;
}

std::string Text(std::size_t characters, const std::string& one = "x") {
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) text += one;
  return "\"" + text + "\"";
}

// "/params/payment/payer" is "params.payment.payer".
std::string FieldOf(std::string pointer) {
  pointer.erase(0, 1);
  for (char& c : pointer) {
    if (c == '/') c = '.';
  }
  return pointer;
}

struct ShapeRow {
  std::string pointer;
  std::string raw;
  std::string field;  // refused with this field; empty: the shape is right
};

void AddObjectRows(std::vector<ShapeRow>* table, const std::string& pointer, bool required) {
  const std::string field = FieldOf(pointer);
  for (const char* wrong : {"5", "\"zqmarkerqz\"", "[]", "[{}]", "true"}) table->push_back({pointer, wrong, field});
  table->push_back({pointer, "null", required ? field : ""});
  table->push_back({pointer, "", required ? field : ""});
  if (!required) table->push_back({pointer, "{}", ""});
}

void AddOptionalTextRows(std::vector<ShapeRow>* table, const std::string& pointer, std::size_t max) {
  const std::string field = FieldOf(pointer);
  for (const char* wrong : {"5", "{}", "[\"zqmarkerqz\"]", "true"}) table->push_back({pointer, wrong, field});
  for (const char* fine : {"null", "", "\"\""}) table->push_back({pointer, fine, ""});
  table->push_back({pointer, Text(max), ""});
  table->push_back({pointer, Text(max, "\xe2\x82\xac"), ""});  // characters count, not bytes
  table->push_back({pointer, Text(max + 1), field});
  table->push_back({pointer, Text(max + 1, "\xf0\x9f\x99\x82"), field});
}

void AddServiceIdRows(std::vector<ShapeRow>* table, bool required) {
  for (const char* fine : {"14701", "14701.0", "1.4701e4", "\"14701\"", "\"1\"", "\"9999999999999999\"", "0", "-1",
                           "1e400", "9007199254740992"}) {
    table->push_back({"/service_id", fine, ""});
  }
  for (const char* wrong :
       {"\"\"", "\"014701\"", "\"0\"", "\"-1\"", "\"+1\"", "\" 14701\"", "\"14701 \"", "\"14701.0\"", "\"1e4\"",
        "\"10000000000000000\"", "\"zqmarkerqz\"", "14701.5", "1e-400", "true", "{}", "[]", "[14701]"}) {
    table->push_back({"/service_id", wrong, "service_id"});
  }
  for (const char* absent : {"null", ""}) table->push_back({"/service_id", absent, required ? "service_id" : ""});
}

void AddAmountRows(std::vector<ShapeRow>* table) {
  const std::string amount = "/params/payment/amount";
  AddObjectRows(table, amount, true);
  for (const char* fine : {"0", "-1", "100", "100.0", "1e2", "1E+2", "1000e-1", "-0", "9007199254740991",
                           "9007199254740992", "1e400", "-1e400", "0e999999999999"}) {
    table->push_back({amount + "/value", fine, ""});
  }
  for (const char* wrong : {"100.5", "1e-1", "1e-400", "\"100\"", "\"zqmarkerqz\"", "true", "{}", "[]", "null", ""}) {
    table->push_back({amount + "/value", wrong, "params.payment.amount.value"});
  }
  for (const char* fine : {"\"\"", "\"inr\"", "\"zqmarkerqz\"", "\"EURO\""}) {
    table->push_back({amount + "/currency", fine, ""});
  }
  for (const char* wrong : {"5", "null", "", "{}", "[\"INR\"]", "false"}) {
    table->push_back({amount + "/currency", wrong, "params.payment.amount.currency"});
  }
}

void AddClientIdRows(std::vector<ShapeRow>* table) {
  const std::string c_id = "/params/payment/identifiers/c_id";
  for (const char* wrong : {"5", "\"zqmarkerqz\"", "[]"}) {
    table->push_back({"/params/payment/identifiers", wrong, "params.payment.identifiers"});
  }
  for (const char* absent : {"null", "", "{}", "{\"h_id\":\"x\"}"}) {
    table->push_back({"/params/payment/identifiers", absent, "params.payment.identifiers.c_id"});
  }
  for (const char* fine : {"\"7\"", "7", "7.0", "7e0", "0", "-0", "9007199254740991", "\" \"", "\"007\"", "\"7 \"",
                           "\"\xe2\x82\xac\"", "\"\\\"'\\\\\"", "\"\\u0020\""}) {
    table->push_back({c_id, fine, ""});
  }
  table->push_back({c_id, Text(128), ""});
  table->push_back({c_id, Text(128, "\xe2\x82\xac"), ""});
  for (const std::string& wrong :
       {std::string("\"\""), std::string("null"), std::string(), std::string("-1"), std::string("7.5"),
        std::string("9007199254740992"), std::string("1e400"), std::string("1e-400"), std::string("true"),
        std::string("{}"), std::string("[7]"), std::string("\"zqmarkerqz\\n\""), std::string("\"\\t\""),
        std::string("\"a\\u001fb\""), std::string("\"a\\u007fb\""), std::string("\"a\\u0085b\""), Text(129),
        Text(129, "\xc3\xa9")}) {
    table->push_back({c_id, wrong, "params.payment.identifiers.c_id"});
  }
}

void AddWebhookRows(std::vector<ShapeRow>* table) {
  const std::string url = "/params/payment/webhook_url";
  for (const char* fine :
       {"null", "", "\"http://shop.example/\"", "\"https://shop.example:8443/a?b=c\"", "\"https://203.0.114.9/\""}) {
    table->push_back({url, fine, ""});
  }
  table->push_back({url, "\"https://shop.example/" + std::string(2048 - 21, 'a') + "\"", ""});
  table->push_back({url, "\"https://shop.example/" + std::string(2049 - 21, 'a') + "\"", "params.payment.webhook_url"});
  for (const char* wrong : {"5",
                            "{}",
                            "[]",
                            "true",
                            "\"\"",
                            "\"zqmarkerqz\"",
                            "\"/hook\"",
                            "\"ftp://shop.example/\"",
                            "\"https://zqmarkerqz:pw@shop.example/\"",
                            "\"http://localhost/\"",
                            "\"http://127.0.0.1/\"",
                            "\"http://2130706433/\"",
                            "\"http://0x7f.1/\"",
                            "\"http://0177.0.0.1/\"",
                            "\"http://10.0.0.1/\"",
                            "\"http://[::1]/\"",
                            "\"http://[::ffff:10.0.0.1]/\"",
                            "\"http://169.254.169.254/\"",
                            "\"https://shop.example/#zqmarkerqz\"",
                            "\"https://shop.example/zqmarkerqz \""}) {
    table->push_back({url, wrong, "params.payment.webhook_url"});
  }
  const std::string events = "/params/payment/webhook_events";
  for (const char* fine : {"null", "", "[\"payment.completed\"]", "[\"payout.failed\",\"payment.created\"]",
                           "[\"payment.failed\",\"payment.failed\"]", "[\"webhook.test\"]"}) {
    table->push_back({events, fine, ""});
  }
  for (const char* wrong :
       {"[]", "{}", "5", "\"payment.completed\"", "[\"zqmarkerqz\"]", "[\"*\"]", "[5]", "[null]",
        "[\"payment.completed\",5]", "[\"payment.completed\",\"zqmarkerqz\"]", "[\"Payment.completed\"]",
        "[\"payment.completed \"]", "[\"payment.completed,payment.failed\"]", "[\"\"]", "[[\"payment.completed\"]]"}) {
    table->push_back({events, wrong, "params.payment.webhook_events"});
  }
}

void AddSharedRows(std::vector<ShapeRow>* table) {
  AddServiceIdRows(table, true);
  AddObjectRows(table, "/params/payment", true);
  AddAmountRows(table);
  AddClientIdRows(table);
  AddOptionalTextRows(table, "/params/payment/description", 1024);
  AddObjectRows(table, "/params/payment/client", false);
  AddOptionalTextRows(table, "/params/payment/client/language", 10);
  AddOptionalTextRows(table, "/params/payment/client/country", 3);
  for (const char* text : {"email", "phone", "person/first_name", "person/last_name", "customer_account/id"}) {
    AddOptionalTextRows(table, "/params/payment/payer/" + std::string(text), 255);
  }
  AddObjectRows(table, "/params/payment/payer/person", false);
  AddObjectRows(table, "/params/payment/payer/customer_account", false);
  AddWebhookRows(table);
  for (const char* unknown : {"/extra", "/params/extra", "/params/payment/extra", "/params/payment/amount/extra"}) {
    table->push_back({unknown, "[{\"zqmarkerqz\":null}]", ""});
  }
}

std::vector<ShapeRow> DepositRows() {
  std::vector<ShapeRow> table;
  AddSharedRows(&table);
  AddObjectRows(&table, "/params/payment/payer", true);
  table.push_back({"/params/payment/receiver", "5", ""});  // not a field of deposits
  return table;
}

std::vector<ShapeRow> PayoutRows() {
  std::vector<ShapeRow> table;
  AddSharedRows(&table);
  AddObjectRows(&table, "/params/payment/payer", false);
  AddObjectRows(&table, "/params/payment/receiver", true);
  for (const char* object : {"person", "bank", "bank/account", "card", "upi"}) {
    AddObjectRows(&table, "/params/payment/receiver/" + std::string(object), false);
  }
  for (const char* text : {"person/first_name", "person/last_name", "email", "phone", "bank/code", "bank/name",
                           "bank/ifsc", "bank/account/id", "card/number", "upi/vpa", "payid", "payid_type"}) {
    AddOptionalTextRows(&table, "/params/payment/receiver/" + std::string(text), 255);
  }
  table.push_back({"/params/payment/receiver/bank/clabe", "[\"zqmarkerqz\"]", ""});
  return table;
}

void CheckRefusedField(const std::string& reply_text, const std::string& field) {
  const json reply = json::parse(reply_text);
  REQUIRE(CodeOf(reply) == 1005);
  const json& details = reply["error"]["details"];
  CHECK(details["field"] == field);
  const std::string description = details["description"];
  CHECK(description.substr(0, field.size() + 1) == field + " ");
  CHECK(description.size() > field.size() + 10);
  CHECK(reply_text.find(kMarker) == std::string::npos);
  CHECK(reply["error"]["context"].is_null());
}

TEST_CASE_METHOD(HandlersTest, "the shape of payment.in and payment.out, field by field") {
  const bool payout = GENERATE(false, true);
  const json valid = payout ? ValidOut() : ValidIn();
  const std::vector<ShapeRow> table = payout ? PayoutRows() : DepositRows();
  REQUIRE(table.size() >= 150);
  for (const ShapeRow& row : table) {
    const std::string body = With(valid, row.pointer, row.raw);
    CAPTURE(row.pointer, row.raw.substr(0, 60));
    const std::string reply = AskRaw(body);
    if (row.field.empty()) {
      CHECK(CodeOf(json::parse(reply)) == 0);
    } else {
      CheckRefusedField(reply, row.field);
    }
  }
}

TEST_CASE_METHOD(HandlersTest, "a refused shape never reaches the payments") {
  std::size_t accepted = 0;
  for (const ShapeRow& row : DepositRows()) {
    AskRaw(With(ValidIn(), row.pointer, row.raw));
    if (row.field.empty()) ++accepted;
    CAPTURE(row.pointer, row.raw.substr(0, 60));
    CHECK(payments.accepted.size() == accepted);
  }
}

// ---- order ----

struct FieldFault {
  std::string pointer;
  std::string raw;
  std::string field;
};

// In the contract's order. A fault in an object takes its fields with it, so it is applied after theirs.
std::vector<FieldFault> SharedFaultsFrom4() {
  return {
      {"/params/payment/amount", "5", "params.payment.amount"},
      {"/params/payment/amount/value", "\"5\"", "params.payment.amount.value"},
      {"/params/payment/amount/currency", "5", "params.payment.amount.currency"},
      {"/params/payment/identifiers", "5", "params.payment.identifiers"},
      {"/params/payment/identifiers/c_id", "\"\"", "params.payment.identifiers.c_id"},
      {"/params/payment/description", "5", "params.payment.description"},
      {"/params/payment/client", "5", "params.payment.client"},
      {"/params/payment/client/language", "5", "params.payment.client.language"},
      {"/params/payment/client/country", "5", "params.payment.client.country"},
  };
}
std::vector<FieldFault> PayerFaults() {
  return {
      {"/params/payment/payer/email", "5", "params.payment.payer.email"},
      {"/params/payment/payer/phone", "5", "params.payment.payer.phone"},
      {"/params/payment/payer/person", "5", "params.payment.payer.person"},
      {"/params/payment/payer/person/first_name", "5", "params.payment.payer.person.first_name"},
      {"/params/payment/payer/person/last_name", "5", "params.payment.payer.person.last_name"},
      {"/params/payment/payer/customer_account", "5", "params.payment.payer.customer_account"},
      {"/params/payment/payer/customer_account/id", "5", "params.payment.payer.customer_account.id"},
      {"/params/payment/webhook_url", "\"http://localhost/\"", "params.payment.webhook_url"},
      {"/params/payment/webhook_events", "[]", "params.payment.webhook_events"},
  };
}
void Append(std::vector<FieldFault>* to, const std::vector<FieldFault>& more) {
  to->insert(to->end(), more.begin(), more.end());
}

std::vector<FieldFault> DepositFaults() {
  std::vector<FieldFault> faults = {{"/service_id", "", "service_id"},
                                    {"/params/payment", "5", "params.payment"},
                                    {"/params/payment/payer", "5", "params.payment.payer"}};
  Append(&faults, SharedFaultsFrom4());
  Append(&faults, PayerFaults());
  return faults;
}

std::vector<FieldFault> PayoutFaults() {
  std::vector<FieldFault> faults = {{"/service_id", "", "service_id"},
                                    {"/params/payment", "5", "params.payment"},
                                    {"/params/payment/receiver", "5", "params.payment.receiver"}};
  for (const char* below : {"person", "person/first_name", "person/last_name", "email", "phone", "bank", "bank/code",
                            "bank/name", "bank/ifsc", "bank/account", "bank/account/id", "card", "card/number", "upi",
                            "upi/vpa", "payid", "payid_type"}) {
    const std::string pointer = "/params/payment/receiver/" + std::string(below);
    faults.push_back({pointer, "5", FieldOf(pointer)});
  }
  Append(&faults, SharedFaultsFrom4());
  faults.push_back({"/params/payment/payer", "5", "params.payment.payer"});
  Append(&faults, PayerFaults());
  return faults;
}

bool IsUnder(const std::string& pointer, const std::string& parent) { return pointer.starts_with(parent + "/"); }

TEST_CASE_METHOD(HandlersTest, "of two malformed fields the one that stands earlier in the method's list is named") {
  const bool payout = GENERATE(false, true);
  const json valid = payout ? ValidOut() : ValidIn();
  const std::vector<FieldFault> faults = payout ? PayoutFaults() : DepositFaults();
  int pairs = 0;
  for (std::size_t first = 0; first < faults.size(); ++first) {
    for (std::size_t second = first + 1; second < faults.size(); ++second) {
      // A field cannot be malformed in an object that is none.
      if (IsUnder(faults[second].pointer, faults[first].pointer)) continue;
      const json one = json::parse(With(valid, faults[second].pointer, faults[second].raw));
      const std::string reply = AskRaw(With(one, faults[first].pointer, faults[first].raw));
      CAPTURE(faults[first].field, faults[second].field);
      CheckRefusedField(reply, faults[first].field);
      ++pairs;
    }
  }
  CHECK(pairs > (payout ? 500 : 150));
}

// ---- commands ----

TEST_CASE_METHOD(HandlersTest, "payment.in becomes a command with what the caller, the directory and the call say") {
  const json reply = Ask(ValidIn().dump());
  REQUIRE(CodeOf(reply) == 0);
  REQUIRE(payments.accepted.size() == 1);
  const payments::AcceptPayment& command = payments.accepted[0];
  CHECK(command.application_id.value == kApplication);
  CHECK(command.test);
  CHECK(command.balance_enabled);
  CHECK(command.direction == domain::Direction::kIn);
  CHECK(command.service_id.value == 14701);
  REQUIRE(command.access.route.has_value());
  CHECK(command.access.route->method == "upi");
  CHECK(command.amount == 25000);
  CHECK_FALSE(command.amount_out_of_range);
  CHECK(command.currency == "INR");
  CHECK(command.c_id.text == "ord-7781");
  CHECK_FALSE(command.c_id.numeric);
  CHECK(command.webhook_url == "https://shop.example/hook");
  CHECK(command.webhook_events == "payment.completed");
  CHECK(command.received_us == 777);
  CHECK(command.trace == base::ReadTrace(kTraceparent, std::nullopt));
  CHECK(command.payer == R"({"description":"Order","client":{"language":"EN","country":"IN"},"payer":{"email":)"
                         R"("asha@example.test","phone":"9000000001","person":{"first_name":"Asha","last_name":"Rao"},)"
                         R"("customer_account":{"id":"c-1"}}})");
}

TEST_CASE_METHOD(HandlersTest, "payment.out carries the receiver's whitelist and nothing else") {
  json body = ValidOut();
  body["params"]["payment"]["receiver"]["bank"]["clabe"] = "032180000118359719";
  body["params"]["payment"]["receiver"]["iban"] = "x";
  REQUIRE(CodeOf(Ask(body.dump(), kStrict)) == 0);
  REQUIRE(payments.accepted.size() == 1);
  const payments::AcceptPayment& command = payments.accepted[0];
  CHECK(command.direction == domain::Direction::kOut);
  CHECK_FALSE(command.test);
  CHECK_FALSE(command.balance_enabled);
  CHECK_FALSE(command.access.route.has_value());
  using domain::ReceiverField;
  const std::vector<std::pair<ReceiverField, std::string>> expected = {
      {ReceiverField::kFirstName, "Luz"},
      {ReceiverField::kLastName, "Prado"},
      {ReceiverField::kEmail, "luz@example.test"},
      {ReceiverField::kPhone, "5500000000"},
      {ReceiverField::kBankCode, "1"},
      {ReceiverField::kBankName, "Bank"},
      {ReceiverField::kBankIfsc, "I"},
      {ReceiverField::kBankAccountId, "032180000118359719"},
      {ReceiverField::kCardNumber, "0"},
      {ReceiverField::kUpiVpa, "luz@bank"},
      {ReceiverField::kPayid, "p"},
      {ReceiverField::kPayidType, "email"},
  };
  REQUIRE(expected.size() == domain::kReceiverFieldCount);
  for (const auto& [field, value] : expected) CHECK(command.receiver[field] == value);
}

TEST_CASE_METHOD(HandlersTest, "what is not given stays empty") {
  Ask(R"({"method":"payment.out","service_id":"7","params":{"payment":{"receiver":{"email":null},
      "amount":{"value":1,"currency":"x"},"identifiers":{"c_id":"a"}}}})");
  REQUIRE(payments.accepted.size() == 1);
  const payments::AcceptPayment& command = payments.accepted[0];
  CHECK(command.service_id.value == 7);
  CHECK(command.payer == R"({"payer":{}})");
  CHECK(command.webhook_url.empty());
  CHECK(command.webhook_events.empty());
  CHECK_FALSE(command.receiver[domain::ReceiverField::kEmail].has_value());
}

TEST_CASE_METHOD(HandlersTest, "amounts are judged on their decimal text") {
  struct Row {
    const char* raw;
    std::int64_t amount;
    bool out_of_range;
  };
  for (const Row& row : std::vector<Row>{{"100", 100, false},
                                         {"100.0", 100, false},
                                         {"1e2", 100, false},
                                         {"0", 0, false},
                                         {"-5", -5, false},
                                         {"9007199254740991", 9007199254740991, false},
                                         {"9007199254740992", 0, true},
                                         {"-9007199254740992", 0, true},
                                         {"1e400", 0, true}}) {
    Ask(With(ValidIn(), "/params/payment/amount/value", row.raw));
    CAPTURE(row.raw);
    CHECK(payments.accepted.back().amount_out_of_range == row.out_of_range);
    if (!row.out_of_range) CHECK(payments.accepted.back().amount == row.amount);
  }
}

TEST_CASE_METHOD(HandlersTest, "a c_id is its text; the JSON type it came in is kept") {
  struct Row {
    const char* raw;
    const char* text;
    bool numeric;
  };
  for (const Row& row : std::vector<Row>{{"7", "7", true},
                                         {"7.0", "7", true},
                                         {"7e0", "7", true},
                                         {"70e-1", "7", true},
                                         {"-0", "0", true},
                                         {"9007199254740991", "9007199254740991", true},
                                         {"\"7\"", "7", false},
                                         {"\"007\"", "007", false},
                                         {"\"7 \"", "7 ", false},
                                         {"\"\\u0037\"", "7", false}}) {
    Ask(With(ValidIn(), "/params/payment/identifiers/c_id", row.raw));
    CAPTURE(row.raw);
    CHECK(payments.accepted.back().c_id.text == row.text);
    CHECK(payments.accepted.back().c_id.numeric == row.numeric);
    Ask(R"({"method":"payment.status","params":{"payment":{"identifiers":{"c_id":)" + std::string(row.raw) + "}}}}");
    CHECK(payments.found.back().c_id == row.text);
  }
}

TEST_CASE_METHOD(HandlersTest,
                 "an application with strict identifiers refuses numbers, in every method that takes a c_id") {
  const std::string place = "/params/payment/identifiers/c_id";
  CheckRefusedField(AskRaw(With(ValidIn(), place, "7"), kStrict), "params.payment.identifiers.c_id");
  CheckRefusedField(AskRaw(With(ValidOut(), place, "7"), kStrict), "params.payment.identifiers.c_id");
  for (const char* method : {"payment.status", "payment.notification"}) {
    const std::string head =
        R"({"method":")" + std::string(method) + R"(","params":{"payment":{"identifiers":{"c_id":)";
    CheckRefusedField(AskRaw(head + "7}}}}", kStrict), "params.payment.identifiers.c_id");
    CHECK(CodeOf(Ask(head + "\"7\"}}}}", kStrict)) == 0);
    CHECK(CodeOf(Ask(head + "7}}}}")) == 0);
  }
  CHECK(CodeOf(Ask(ValidIn().dump(), kStrict)) == 0);
}

TEST_CASE_METHOD(HandlersTest, "service ids come as numbers or digits; a number no route can have finds no route") {
  struct Row {
    const char* raw;
    std::int64_t value;
  };
  for (const Row& row : std::vector<Row>{{"14701", 14701},
                                         {"\"14701\"", 14701},
                                         {"1.4701e4", 14701},
                                         {"0", 0},
                                         {"-1", 0},
                                         {"1e400", 0},
                                         {"\"9999999999999999\"", 9999999999999999}}) {
    Ask(With(ValidIn(), "/service_id", row.raw));
    CAPTURE(row.raw);
    CHECK(payments.accepted.back().service_id.value == row.value);
    CHECK(payments.accepted.back().access.route.has_value() == (row.value == 14701));
  }
}

TEST_CASE_METHOD(HandlersTest, "webhook events are kept once each, in the order of the documentation") {
  Ask(With(ValidIn(), "/params/payment/webhook_events", R"(["payout.failed","payment.created","payout.failed"])"));
  CHECK(payments.accepted.back().webhook_events == "payment.created,payout.failed");
}

TEST_CASE("a sandbox may name the machine itself as webhook target") {
  class SandboxTest : public HandlersTest {
   public:
    SandboxTest() {
      options.webhook_url.policy.allow_loopback = true;
      rpc::GatewayOptions gateway_options;
      gateway = std::make_unique<rpc::Gateway>(gateway_options, MakeMethodTable(payments, options), directory, clock,
                                               random, nullptr);
    }
  } test;
  CHECK(CodeOf(test.Ask(With(ValidIn(), "/params/payment/webhook_url", "\"http://127.0.0.1:9999/\""))) == 0);
  CHECK(CodeOf(test.Ask(With(ValidIn(), "/params/payment/webhook_url", "\"http://10.0.0.1/\""))) == 1005);
}

// ---- payment.status and payment.notification ----

TEST_CASE_METHOD(HandlersTest, "the shape of a lookup, field by field") {
  const std::string method = GENERATE(std::string("payment.status"), std::string("payment.notification"));
  struct Row {
    std::string rest;   // of the request after the method
    std::string field;  // empty: looked up
    int code = 1005;
  };
  const auto ids = [](const std::string& identifiers) {
    return R"("params":{"payment":{"identifiers":)" + identifiers + "}}";
  };
  const std::vector<Row> table = {
      {R"("params":{})", "params.payment"},
      {R"("params":null)", "params.payment"},
      {R"("params":{"payment":null})", "params.payment"},
      {R"("params":{"payment":"zqmarkerqz"})", "params.payment"},
      {R"("params":{"payment":{}})", "params.payment.identifiers"},
      {ids("null"), "params.payment.identifiers"},
      {ids("[]"), "params.payment.identifiers"},
      {ids("\"zqmarkerqz\""), "params.payment.identifiers"},
      {ids("{}"), "params.payment.identifiers"},
      {ids(R"({"p_id":"zqmarkerqz"})"), "params.payment.identifiers"},
      {ids(R"({"c_id":null,"h_id":null})"), "params.payment.identifiers"},
      {ids(R"({"c_id":true})"), "params.payment.identifiers.c_id"},
      {ids(R"({"c_id":{}})"), "params.payment.identifiers.c_id"},
      {ids(R"({"c_id":["zqmarkerqz"]})"), "params.payment.identifiers.c_id"},
      {ids(R"({"c_id":7.5})"), "params.payment.identifiers.c_id"},
      {ids(R"({"c_id":7.5,"h_id":5})"), "params.payment.identifiers.c_id"},
      {ids(R"({"h_id":5})"), "params.payment.identifiers.h_id"},
      {ids(R"({"c_id":"a","h_id":5})"), "params.payment.identifiers.h_id"},
      {ids(R"({"h_id":{}})"), "params.payment.identifiers.h_id"},
      {ids(R"({"c_id":"a"})") + R"(,"service_id":"zqmarkerqz")", "service_id"},
      {ids(R"({"c_id":"a"})") + R"(,"service_id":1.5)", "service_id"},
      {ids(R"({"c_id":"a"})") + R"(,"service_id":{})", "service_id"},
      {ids("{}") + R"(,"service_id":{})", "params.payment.identifiers"},
      {ids(R"({"h_id":5})") + R"(,"service_id":{})", "params.payment.identifiers.h_id"},
      {ids(R"({"c_id":-1})"), "", 6010},
      {ids(R"({"c_id":1e400})"), "", 6010},
      {ids(R"({"c_id":-1})") + R"(,"service_id":{})", "service_id"},
      {ids(R"({"c_id":"a"})"), "", 0},
      {ids(R"({"c_id":""})"), "", 0},
      {ids(R"({"c_id":7})"), "", 0},
      {ids(R"({"h_id":"pay_x"})"), "", 0},
      {ids(R"({"h_id":""})"), "", 0},
      {ids(R"({"c_id":"a","h_id":"b"})"), "", 0},
      {ids(R"({"c_id":"a","h_id":null})"), "", 0},
      {ids(R"({"c_id":"a"})") + R"(,"service_id":null)", "", 0},
      {ids(R"({"c_id":"a"})") + R"(,"service_id":14701)", "", 0},
      {ids(R"({"c_id":"a"})") + R"(,"service_id":"14701")", "", 0},
  };
  for (const Row& row : table) {
    const std::string reply = AskRaw(R"({"method":")" + method + "\"," + row.rest + "}");
    CAPTURE(method, row.rest, reply);
    if (row.field.empty()) {
      CHECK(CodeOf(json::parse(reply)) == row.code);
    } else {
      CheckRefusedField(reply, row.field);
    }
  }
}

TEST_CASE_METHOD(HandlersTest, "a lookup names application, identifiers and service") {
  Ask(R"({"method":"payment.status","service_id":"14701",
      "params":{"payment":{"identifiers":{"c_id":"a","h_id":"pay_x"}}}})");
  REQUIRE(payments.found.size() == 1);
  CHECK(payments.found[0].application_id.value == kApplication);
  CHECK(payments.found[0].c_id == "a");
  CHECK(payments.found[0].h_id == "pay_x");
  CHECK(payments.found[0].service_id == domain::ServiceId{14701});
  CHECK(payments.found[0].received_us == 777);
  Ask(R"({"method":"payment.notification","params":{"payment":{"identifiers":{"h_id":"pay_x"}}}})");
  REQUIRE(payments.notified.size() == 1);
  CHECK_FALSE(payments.notified[0].c_id.has_value());
  CHECK(payments.notified[0].h_id == "pay_x");
  CHECK_FALSE(payments.notified[0].service_id.has_value());
  CHECK(payments.notified[0].trace == base::ReadTrace(kTraceparent, std::nullopt));
}

// ---- results ----

TEST_CASE_METHOD(HandlersTest, "results show the payment object byte for byte") {
  std::string object;
  payments::AppendPaymentObject(&object, payments.payment);
  const std::string rest = R"(,"params":{"payment":{"identifiers":{"c_id":"ord-7781"}}}})";
  CHECK(AskRaw(R"({"method":"payment.status")" + rest)
            .starts_with(R"({"success":true,"result":{"payment":)" + object + R"(},"request_id":")"));
  CHECK(
      AskRaw(R"({"method":"payment.notification")" + rest)
          .starts_with(R"({"success":true,"result":{"message":"queued","payment":)" + object + R"(},"request_id":")"));
  const json accepted = Ask(ValidIn().dump());
  CHECK(accepted["result"].size() == 1);
  CHECK(accepted["result"]["payment"]["identifiers"]["c_id"] == "ord-7781");
  CHECK(accepted["result"]["payment"]["status"]["status"] == "created");
  const json numeric = Ask(With(ValidIn(), "/params/payment/identifiers/c_id", "7.0"));
  CHECK(numeric["result"]["payment"]["identifiers"]["c_id"] == 7);
}

TEST_CASE_METHOD(HandlersTest, "balance.get shows every amount in the order it is given") {
  payments.balance.amounts = {{9007199254740991, 2, 3, "INR", true}, {0, 0, 0, "MXN", false}};
  CHECK(AskRaw(R"({"method":{"const":"balance.get"},"service_id":"not looked at","params":{}})")
            .starts_with(R"({"success":true,"result":{"balance":{"id":1,"amounts":[{"value":9007199254740991,)"
                         R"("value_freezing":2,"value_blocking":3,"currency":"INR","enabled":true},{"value":0,)"
                         R"("value_freezing":0,"value_blocking":0,"currency":"MXN","enabled":false}],)"
                         R"("enabled":true}},"request_id":")"));
  payments.balance.amounts.clear();
  CHECK(AskRaw(R"({"method":"balance.get"})", kStrict)
            .starts_with(R"({"success":true,"result":{"balance":{"id":2,"amounts":[],"enabled":false}},)"));
  REQUIRE(payments.balances.size() == 2);
  CHECK(payments.balances[0].first.value == kApplication);
  CHECK(payments.balances[0].second == 777);
}

TEST_CASE_METHOD(HandlersTest, "gateway.ping looks at nothing") {
  CHECK(Ask(R"({"method":"gateway.ping"})")["result"] == json::parse(R"({"message":"pong"})"));
  CHECK(CodeOf(Ask(R"({"method":"gateway.ping","service_id":[],"params":{"payment":5}})")) == 0);
  CHECK(payments.accepted.size() + payments.found.size() + payments.balances.size() == 0);
}

TEST_CASE_METHOD(HandlersTest, "what payments refuse is answered as they refuse it") {
  errors::Refusal exists = errors::Refuse(errors::Code::kPaymentExists);
  exists.context = R"({"identifiers":{"c_id":7,"h_id":"pay_1"},"status":"created"})";
  const std::string lookup = R"(,"params":{"payment":{"identifiers":{"c_id":"a"}}}})";
  for (const errors::Refusal& refusal :
       {exists, errors::Refuse(errors::Code::kPaymentNotFound), errors::HubError("the inside"), errors::Busy()}) {
    payments.refusal = refusal;
    for (const std::string& body :
         {ValidIn().dump(), ValidOut().dump(), R"({"method":"payment.status")" + lookup,
          R"({"method":"payment.notification")" + lookup, std::string(R"({"method":"balance.get"})")}) {
      const json reply = Ask(body);
      CHECK(CodeOf(reply) == static_cast<int>(refusal.code));
      CHECK(reply["error"]["context"].is_null() == refusal.context.empty());
      CHECK(reply.dump().find("the inside") == std::string::npos);
    }
  }
}

TEST_CASE_METHOD(HandlersTest, "the table holds the methods of the contract") {
  std::vector<std::string> names;
  for (const rpc::Method& method : MakeMethodTable(payments)) names.emplace_back(method.name);
  CHECK(names == std::vector<std::string>{"gateway.ping", "payment.in", "payment.out", "payment.status",
                                          "payment.notification", "balance.get"});
}

}  // namespace
}  // namespace multihub::handlers
