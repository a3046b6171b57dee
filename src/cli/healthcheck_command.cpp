#include <memory>

#include "cli/commands.h"
#include "cli/refused.h"
#include "multihub/base/json_writer.h"
#include "multihub/net/http_call.h"

namespace multihub::cli {
namespace {

struct HealthOptions {
  std::optional<std::string> ops;
  bool live = false;
};

constexpr std::int64_t kDeadlineMs = 3000;

// An ops port that listens everywhere is asked on this machine.
std::string Reachable(const std::string& address) {
  const std::string port = address.substr(address.rfind(':'));
  if (address.rfind("0.0.0.0:", 0) == 0) return "127.0.0.1" + port;
  if (address.rfind("[::]:", 0) == 0) return "[::1]" + port;
  return address;
}

void Check(Context* context, const HealthOptions& options) {
  net::HttpCall call;
  call.url = "http://" + Reachable(options.ops.value_or(context->config().ops.listen)) +
             (options.live ? "/healthz" : "/readyz");
  call.deadline_ms = kDeadlineMs;
  const auto answer = net::Send(call);
  if (!answer.ok()) throw Refused("No answer came from " + call.url + ": " + answer.error() + ".");
  if (answer->status != 200)
    throw Refused(call.url + " answers " + std::to_string(answer->status) + ": " + answer->body);
  std::string json;
  base::JsonWriter(&json).BeginObject().Key("url").String(call.url).Key("http_status").Int(200).EndObject();
  context->Print(json, call.url + " answers 200.");
}

}  // namespace

void AddHealthcheck(Command* root, Context* context) {
  auto options = std::make_shared<HealthOptions>();
  root->Add("healthcheck", "Asks a running gateway's ops port whether it is ready", "multihub healthcheck")
      .Option("--ops", &options->ops, "ADDR:PORT of the ops port (the configured one)")
      .Flag("--live", &options->live, "Only asks whether the process runs")
      .Run([context, options] { Check(context, *options); });
}

}  // namespace multihub::cli
