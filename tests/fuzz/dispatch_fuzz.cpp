// Any bytes as a call: signed as a merchant would sign them, or with the bytes as header fields, verb and path.
// Whatever comes in, exactly one valid envelope goes out, signed exactly when the caller proved who he is.
//
// Input: a JSON text (starting with '{' or white space) is the body of a signed call. Otherwise the first byte chooses
// what the rest is, see FuzzOne.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "multihub/base/check.h"
#include "multihub/base/ids.h"
#include "multihub/base/json_reader.h"
#include "multihub/base/utf8.h"
#include "multihub/handlers/method_table.h"
#include "multihub/observability/log.h"
#include "unit/handlers/fake_payments.h"
#include "unit/handlers/fake_webhooks.h"
#include "unit/rpc/gateway_fixture.h"

namespace multihub {
namespace {

constexpr std::int64_t kApplication = 1;
constexpr std::int64_t kStrict = 2;

class Target {
 public:
  Target() : clock_(1'777'593'600'000), random_(1), webhooks_(clock_.NowMs()) {
    observability::ConfigureLog(observability::LogLevel::kError, false);
    testing::TestRows rows;
    rows.AddApplication(kApplication);
    rows.AddApplication(kStrict).strict_identifiers = true;
    directory_.Replace(rows.Build());
    payments_.payment.h_id = "pay_01hx3q7k2m4v8d5e6f7g8h9j0k";
    payments_.payment.c_id = {"a", false};
    payments_.balance.amounts = {{1, 2, 3, "INR", true}};
    rpc::GatewayOptions options;
    options.unauthenticated_sources = 100;
    options.limits_enabled = false;
    unlimited_ = MakeGateway(options);
    options.limits_enabled = true;
    limited_ = MakeGateway(options);
  }

  void Signed(std::int64_t application, std::string_view body) {
    const rpc::Call call = testing::SignedCall(application, std::string(body));
    const rpc::Reply reply = Ask(*unlimited_, call);
    MULTIHUB_CHECK(testing::IsSignedBy(reply, testing::SecretOf(application)));
  }

  void Resend(std::string_view h_id) {
    rpc::Call call = testing::SignedCall(kApplication, "");
    call.path = "/api/v1/payments/" + std::string(h_id) + "/webhook/resend";
    call.content_type = std::nullopt;
    Ask(*unlimited_, call);
  }

  // Lines: verb, path, application, hash, content type, client, traceparent, tracestate; then the body.
  void Headers(std::string_view text) {
    clock_.AdvanceMs(1);
    rpc::Call call;
    call.verb = Line(&text);
    call.path = Line(&text);
    if (call.path.empty()) call.path = std::string(rpc::kEndpointPath);
    call.application_id = OptionalLine(&text);
    call.data_hash = OptionalLine(&text);
    call.content_type = OptionalLine(&text);
    call.client_address = Line(&text);
    call.traceparent = OptionalLine(&text);
    call.tracestate = OptionalLine(&text);
    call.body = std::string(text);
    const rpc::Reply reply = Ask(*limited_, call);
    MULTIHUB_CHECK(reply.data_hash.empty());
  }

 private:
  std::unique_ptr<rpc::Gateway> MakeGateway(const rpc::GatewayOptions& options) {
    return std::make_unique<rpc::Gateway>(options, handlers::MakeMethodTable(payments_, {}, &webhooks_), directory_,
                                          clock_, random_, nullptr);
  }

  static std::string Line(std::string_view* text) {
    const std::size_t end = text->find('\n');
    const std::string line(text->substr(0, end));
    text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
    return line;
  }
  static std::optional<std::string> OptionalLine(std::string_view* text) {
    std::string line = Line(text);
    if (line.empty()) return std::nullopt;
    return line;
  }

  rpc::Reply Ask(rpc::Gateway& gateway, const rpc::Call& call) {
    payments_.accepted.clear();
    payments_.found.clear();
    payments_.notified.clear();
    payments_.balances.clear();
    webhooks_.asked.clear();
    testing::ReplyBox box;
    gateway.Handle(call, box.Opening());
    MULTIHUB_CHECK(box.count() == 1);
    const rpc::Reply reply = box.last();
    CheckEnvelope(reply);
    for (const payments::AcceptPayment& command : payments_.accepted) CheckCommand(command);
    for (const testing::AskedWebhooks& asked : webhooks_.asked) CheckAsked(asked);
    return reply;
  }

  static void CheckEnvelope(const rpc::Reply& reply) {
    const auto parsed = base::JsonDocument::Parse(reply.body);
    MULTIHUB_CHECK(parsed.ok());
    const base::JsonValue root = parsed->root();
    MULTIHUB_CHECK(root.is_object() && root.size() == 4);
    const bool success = root["success"].boolean();
    const std::array<std::string_view, 4> keys = {"success", success ? "result" : "error", "request_id",
                                                  "processing_time"};
    for (std::size_t i = 0; i < keys.size(); ++i) MULTIHUB_CHECK(root.key_at(i) == keys[i]);
    MULTIHUB_CHECK(base::IsUuidV4(root["request_id"].string()) && root["request_id"].string() == reply.request_id);
    MULTIHUB_CHECK(success == (reply.http_status == 200));
    if (!success) CheckError(root["error"], reply.http_status);
  }

  static void CheckError(const base::JsonValue& error, int http_status) {
    MULTIHUB_CHECK(error.is_object() && error.size() == 4);
    const std::string_view code = error["code"].number_text();
    MULTIHUB_CHECK(http_status == (code == "1002" ? 404 : code == "1000" ? 429 : 400));
    const bool has_details = code == "1005" || code == "1000";
    MULTIHUB_CHECK(error["details"].is_object() == has_details);
    if (code != "1005") return;
    const std::string_view field = error["details"]["field"].string();
    MULTIHUB_CHECK(!field.empty() && error["details"]["description"].string().starts_with(field));
  }

  static void CheckCommand(const payments::AcceptPayment& command) {
    MULTIHUB_CHECK(!command.c_id.text.empty() && base::CountUtf8Characters(command.c_id.text) <= 128);
    MULTIHUB_CHECK(!base::HasControlCharacters(command.c_id.text));
    MULTIHUB_CHECK(command.service_id.value >= 0 && command.webhook_url.size() <= 2048);
    MULTIHUB_CHECK(base::JsonDocument::Parse(command.payer).ok());
  }

  static void CheckAsked(const testing::AskedWebhooks& asked) {
    MULTIHUB_CHECK(asked.nonce.empty() || (asked.nonce.size() >= 8 && asked.nonce.size() <= 64));
    MULTIHUB_CHECK(!asked.settings.description || base::IsValidUtf8(*asked.settings.description));
    MULTIHUB_CHECK(asked.settings.url.value_or("").size() <= 2048 && asked.query.limit >= 1 &&
                   asked.query.limit <= 100);
    MULTIHUB_CHECK(asked.query.from_ms >= 0 && asked.query.to_ms >= 0);
  }

  testing::FakePayments payments_;
  auth::DirectoryCache directory_;
  base::ManualClock clock_;
  base::SeededRandom random_;
  testing::FakeWebhooks webhooks_;
  std::unique_ptr<rpc::Gateway> unlimited_;
  std::unique_ptr<rpc::Gateway> limited_;
};

void FuzzOne(std::string_view input) {
  static Target target;
  constexpr std::string_view kJsonStarts = "{ \t\r\n";
  if (input.empty() || kJsonStarts.find(input.front()) != std::string_view::npos) {
    return target.Signed(kApplication, input);
  }
  const std::string_view rest = input.substr(1);
  switch (input.front()) {
    case 'h':
      return target.Headers(rest);
    case 'r':
      return target.Resend(rest);
    case 's':
      return target.Signed(kStrict, rest);
    default:
      return target.Signed(kApplication, rest);
  }
}

}  // namespace
}  // namespace multihub

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  multihub::FuzzOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
