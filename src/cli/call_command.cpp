#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/refused.h"
#include "cli/security.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"
#include "multihub/base/json_reader.h"
#include "multihub/base/json_writer.h"
#include "multihub/base/utf8.h"
#include "multihub/net/http_call.h"
#include "multihub/net/url.h"
#include "multihub/rpc/gateway.h"

namespace multihub::cli {
namespace {

struct CallOptions {
  std::string method;
  std::optional<std::string> params;
  std::string url;
  std::int64_t application = 0;
  std::optional<std::string> secret_file;
  std::optional<std::int64_t> service;
};

// The address of a gateway alone means its endpoint.
std::string EndpointOf(const std::string& text) {
  const auto url = net::ParseUrl(text);
  if (!url.ok()) throw Refused("--url " + url.error() + ".");
  if (url->path != "/") return text;
  return text.substr(0, text.size() - (text.back() == '/' ? 1 : 0)) + std::string(rpc::kEndpointPath);
}

std::string BodyOf(const CallOptions& options) {
  CheckText("METHOD", options.method, 128);
  const std::string params = options.params.value_or("{}");
  const auto parsed = base::JsonDocument::Parse(params);
  if (!parsed.ok()) throw Refused(std::string("PARAMS_JSON is no valid JSON: ") + parsed.error().reason + ".");
  std::string body;
  base::JsonWriter writer(&body);
  writer.BeginObject().Key("method").String(options.method);
  if (options.service) writer.Key("service_id").Int(ToServiceId(*options.service).value);
  writer.Key("params").Raw(params).EndObject();
  return body;
}

enum class Verdict { kVerified, kAbsent, kWrong };

std::string_view NameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kVerified:
      return "verified";
    case Verdict::kAbsent:
      return "absent";
    case Verdict::kWrong:
      return "wrong";
  }
  return "wrong";
}

Verdict Verify(const net::HttpAnswer& answer, const base::SecretString& secret) {
  const std::string given = answer.Header("x-data-hash");
  if (given.empty()) return Verdict::kAbsent;
  const std::optional<base::Bytes> bytes = base::HexDecode(given);
  return bytes && base::EqualConstantTime(*bytes, base::Sha512({answer.body, secret.Reveal()})) ? Verdict::kVerified
                                                                                                : Verdict::kWrong;
}

std::string RenderJson(const net::HttpCall& call, const net::HttpAnswer& answer, Verdict verdict) {
  std::string json;
  base::JsonWriter writer(&json);
  writer.BeginObject().Key("request").BeginObject().Key("url").String(call.url).Key("headers").BeginObject();
  for (const auto& [name, value] : call.headers) writer.Key(name).String(value);
  writer.EndObject().Key("body").String(call.body).EndObject();
  writer.Key("response").BeginObject().Key("http_status").Int(answer.status).Key("body");
  writer.String(base::IsValidUtf8(answer.body) ? answer.body : "(not text)").EndObject();
  writer.Key("signature").String(NameOf(verdict)).EndObject();
  return json;
}

std::string RenderText(const net::HttpCall& call, const net::HttpAnswer& answer, Verdict verdict) {
  std::string text = "POST " + call.url + "\n";
  for (const auto& [name, value] : call.headers) text += name + ": " + value + "\n";
  text += "\n" + call.body + "\n\nHTTP " + std::to_string(answer.status) + "\n";
  for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\n";
  return text + "\n" + answer.body + "\n\nresponse signature: " + std::string(NameOf(verdict));
}

// Empty when the call succeeded.
std::string WhyFailed(const net::HttpAnswer& answer, Verdict verdict) {
  if (verdict == Verdict::kWrong) return "The response signature does not verify with this secret.";
  const auto parsed = base::JsonDocument::Parse(answer.body);
  if (!parsed.ok()) return "The answer is no valid JSON: " + std::string(parsed.error().reason) + ".";
  const base::JsonValue root = parsed->root();
  const base::JsonValue success = root["success"];
  if (!success.is_bool()) return "The answer is no envelope of this API.";
  if (success.boolean()) return verdict == Verdict::kVerified ? "" : "The answer is not signed.";
  const base::JsonValue code = root["error"]["code"];
  return "The gateway refused the call with error " + (code.is_number() ? std::string(code.number_text()) : "?") + ".";
}

void Call(Context* context, const CallOptions& options) {
  const base::SecretString secret = ReadCallerSecret(options.secret_file);
  net::HttpCall call;
  call.method = "POST";
  call.url = EndpointOf(options.url);
  call.body = BodyOf(options);
  call.headers = {{"Content-Type", "application/json"},
                  {"X-Data-Application-Id", std::to_string(ToApplicationId(options.application).value)},
                  {"X-Data-Hash", base::HexEncode(base::Sha512({call.body, secret.Reveal()}))}};
  const auto answer = net::Send(call);
  if (!answer.ok()) throw Refused("No answer came from " + call.url + ": " + answer.error() + ".");
  const Verdict verdict = Verify(*answer, secret);
  context->Print(RenderJson(call, *answer, verdict), RenderText(call, *answer, verdict));
  if (const std::string why = WhyFailed(*answer, verdict); !why.empty()) throw Refused(why);
}

}  // namespace

void AddCall(Command* root, Context* context) {
  auto options = std::make_shared<CallOptions>();
  root->Add("call", "Signs and sends one call, and checks the signature of the answer",
            "MULTIHUB_SECRET=... multihub call gateway.ping --url http://127.0.0.1:8080 --app 1")
      .Option("method", &options->method, "Method, such as payment.status", Command::Need::kRequired)
      .Option("params", &options->params, "The params object as JSON ({})")
      .Option("--url", &options->url, "The gateway, with or without the endpoint's path", Command::Need::kRequired)
      .Option("--app", &options->application, "Application id", Command::Need::kRequired)
      .Option("--secret-file", &options->secret_file, "File with the secret (or the variable MULTIHUB_SECRET)")
      .Option("--service", &options->service, "service_id")
      .Run([context, options] { Call(context, *options); });
}

}  // namespace multihub::cli
