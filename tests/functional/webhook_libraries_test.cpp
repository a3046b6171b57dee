// What the gateway sends, verified by the libraries receivers use (tests/npm).
#include "support/gateway_fixture.h"
#include "support/process.h"
#include "support/webhook_receiver.h"

namespace multihub::functional {
namespace {

using support::ReceivedRequest;
using support::SignedClient;
using support::WebhookReceiver;

json ForLibrary(const ReceivedRequest& request, const std::string& body, const std::string& secret) {
  json headers = json::object();
  for (const auto& [name, value] : request.headers) headers[name] = value;
  return {{"headers", headers}, {"body", body}, {"secret", secret}};
}

// A line for each library and delivery.
std::vector<std::string> Verify(const json& deliveries) {
  const support::TempDir dir;
  support::WriteFile(dir.File("deliveries.json"), deliveries.dump());
  support::SpawnOptions options;
  options.argv = {"node", "verify.cjs", dir.File("deliveries.json")};
  options.cwd = std::string(MULTIHUB_SOURCE_DIR) + "/tests/npm";
  const support::RunResult run = support::Run(std::move(options), std::chrono::minutes(2));
  INFO(run.err);
  REQUIRE(run.exit_code == 0);
  return Sentences(run.out);
}

TEST_CASE("gateway: Standard Webhooks libraries verify what it sends, with both secrets of a rotation") {
  Sandbox sandbox(EachEngine());
  WebhookReceiver receiver;
  const json made = sandbox.Cli({"webhook", "create", "--app", "1", "--url", receiver.Url("/hooks")})["webhook"];
  const std::string first = made["secret"].get<std::string>();
  const std::string id = made["id"].get<std::string>();
  SignedClient client = sandbox.Client();
  std::vector<std::string> h_ids;
  const auto pay = [&](const std::string& c_id) {
    json request = Deposit(14702, 5000, "INR", c_id);
    request["params"]["payment"]["payer"]["name"] = "Zo\xc3\xab \xe2\x82\xac \"<&>\" \\";
    h_ids.push_back(IdOf(PaymentIn(client.Call(request))));
    AwaitFinal(&client, h_ids.back());
  };
  pay("before");
  REQUIRE(receiver.WaitFor(2));
  const std::string second = sandbox.Cli({"webhook", "rotate-secret", id})["webhook"]["secret"].get<std::string>();
  REQUIRE(second != first);
  pay("during");
  REQUIRE(receiver.WaitFor(4));

  json deliveries = json::array();
  std::vector<std::string> expected;
  const auto add = [&](const ReceivedRequest& request, const std::string& body, const std::string& secret, bool good) {
    deliveries.push_back(ForLibrary(request, body, secret));
    expected.push_back(good ? "verified " + json::parse(request.body)["id"].get<std::string>()
                            : "refused, No matching signature found");
  };
  for (const ReceivedRequest& request : receiver.Received()) {
    const bool during = request.body.find(h_ids[1]) != std::string::npos;
    add(request, request.body, first, true);
    add(request, request.body, second, during);
    add(request, request.body + " ", first, false);
    std::string other = request.body;
    other[other.size() / 2] = static_cast<char>(other[other.size() / 2] ^ 1);
    add(request, other, during ? second : first, false);
  }
  std::vector<std::string> all;
  for (const char* library : {"standardwebhooks: ", "svix: "}) {
    for (const std::string& line : expected) all.push_back(library + line);
  }
  CHECK(Verify(deliveries) == all);
}

}  // namespace
}  // namespace multihub::functional
