// Gateways that are wrong in one thing each: the suite finds which. The real gateway answers, somebody in between
// alters what it says and signs it anew.
#include <catch2/catch.hpp>
#include <cstdlib>

#include <functional>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "support/gateway_process.h"
#include "support/json.h"
#include "support/signed_client.h"
#include "support/temp_dir.h"
#include "support/webhook_receiver.h"

namespace multihub::conformance {
namespace {

using nlohmann::ordered_json;
using support::Reaction;
using support::ReceivedRequest;

struct Reply {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // without the signature
  bool is_signed = false;
};

struct Mutation {
  std::string name;
  std::function<void(Reply*)> alter;
  std::string only;                 // the cases to run
  std::set<std::string> must_fail;  // at least these
};

bool IsOneOf(const std::string& name, std::initializer_list<const char*> names) {
  for (const char* one : names) {
    if (name.size() == std::string(one).size() &&
        std::equal(name.begin(), name.end(), one, [](char a, char b) { return std::tolower(a) == std::tolower(b); })) {
      return true;
    }
  }
  return false;
}

class Mutant {
 public:
  Mutant(std::uint16_t gateway_port, std::function<void(Reply*)> alter)
      : gateway_port_(gateway_port), alter_(std::move(alter)) {
    receiver_.OnAnyOther([this](const ReceivedRequest& request) { return React(request); });
  }

  std::string url() const { return receiver_.Url(support::kApiPath); }

 private:
  Reaction React(const ReceivedRequest& request) {
    std::vector<std::pair<std::string, std::string>> headers;
    for (const auto& header : request.headers) {
      if (!IsOneOf(header.first, {"host", "content-length", "connection"})) headers.push_back(header);
    }
    support::TcpClient client;
    client.Connect("127.0.0.1", gateway_port_);
    client.SendAll(support::HttpRequest(request.method, request.path, headers, request.body));
    const auto response = client.ReadHttpResponse();
    if (!response) return Reaction::CloseUnanswered();
    Reply reply{response->status, response->body, {}, response->Header("X-Data-Hash") != nullptr};
    for (const auto& header : response->headers) {
      if (!IsOneOf(header.first, {"x-data-hash", "content-length", "connection"})) reply.headers.push_back(header);
    }
    alter_(&reply);
    if (reply.is_signed) {
      const std::string* application = request.Header("X-Data-Application-Id");
      const std::int64_t id = application == nullptr ? 1 : std::atoll(application->c_str());
      reply.headers.emplace_back("X-Data-Hash", support::Sign(reply.body, support::SandboxSecret(id)));
    }
    return Reaction::Answer(reply.status, reply.body, reply.headers);
  }

  std::uint16_t gateway_port_;
  std::function<void(Reply*)> alter_;
  support::WebhookReceiver receiver_;
};

// Alters the JSON of a body that is some.
std::function<void(Reply*)> InJson(std::function<void(ordered_json*)> alter) {
  return [alter = std::move(alter)](Reply* reply) {
    ordered_json body = ordered_json::parse(reply->body, nullptr, false);
    if (!body.is_object()) return;
    alter(&body);
    reply->body = body.dump();
  };
}

std::function<void(Reply*)> InText(const std::string& pattern, const std::string& replacement) {
  return [pattern, replacement](Reply* reply) {
    reply->body = std::regex_replace(reply->body, std::regex(pattern), replacement);
  };
}

std::vector<Mutation> Mutations() {
  return {
      {"next is there", InText(R"(\}$)", R"(,"next":null})"), "envelope.*", {"envelope.keys", "envelope.no-next"}},
      {"keys in another order",
       InText(R"(^\{"success":(true|false),(.*),"request_id":("[^"]*"))", R"({"request_id":$3,"success":$1,$2)"),
       "envelope.*",
       {"envelope.keys"}},
      {"no context", InText(R"(,"context":null)", ""), "envelope.*", {"envelope.error-keys"}},
      {"details of 1005 lost",
       InText(R"("details":\{[^}]*\})", R"("details":null)"),
       "envelope.*",
       {"envelope.details"}},
      {"fractions of milliseconds",
       InText(R"("processing_time":(\d+))", R"("processing_time":$1.5)"),
       "envelope.*",
       {"envelope.processing-time"}},
      {"the same request_id",
       InText(R"("request_id":"[^"]*")", R"("request_id":"5f0c9a1e-0000-4000-8000-000000000001")"),
       "envelope.*",
       {"envelope.request-id", "envelope.request-id-header"}},
      {"blanks in the body", InText(R"("success":)", R"("success": )"), "envelope.*", {"envelope.compact"}},
      {"another message",
       InText("The method does not exist", "No such method"),
       "envelope.*",
       {"envelope.published-messages"}},
      {"always HTTP 200",
       [](Reply* reply) { reply->status = 200; },
       "envelope.*",
       {"envelope.http-status", "envelope.unknown-method-status"}},
      {"nothing is signed", [](Reply* reply) { reply->is_signed = false; }, "envelope.*", {"envelope.signed"}},
      {"everything is signed",
       [](Reply* reply) { reply->is_signed = true; },
       "signature.*",
       {"signature.refused.flipped-body", "signature.unknown-application"}},
      {"text/html",
       [](Reply* reply) {
         reply->headers = {{"Content-Type", "text/html"}};
       },
       "envelope.*",
       {"envelope.content-type", "envelope.request-id-header"}},
      {"3000 is 3002",
       InText(R"("code":3000)", R"("code":3002)"),
       "signature.*",
       {"signature.refused.hmac", "signature.every-method.balance"}},
      {"6001 is 5000",
       InText(R"("code":6001)", R"("code":5000)"),
       "amounts.refused.*",
       {"amounts.refused.zero", "amounts.refused.two-to-64"}},
      {"limits off by one",
       InText(R"("min":100,)", R"("min":101,)"),
       "amounts.outside-limits.*",
       {"amounts.outside-limits.one", "amounts.outside-limits.over-max"}},
      {"the field is not named",
       InText(R"("field":"[^"]*")", R"("field":"body")"),
       "order.fields-*",
       {"order.fields-in.payer-before-amount", "order.fields-status.c-id-before-h-id"}},
      {"a used c_id has another code",
       InJson([](ordered_json* body) {
         if ((*body)["success"] == false && (*body)["error"]["code"] == 6009) (*body)["error"]["code"] = 6010;
       }),
       "payments.duplicate*",
       {"payments.duplicate", "payments.duplicates-at-once", "payments.duplicate-context"}},
      {"c_id loses its type",
       InText(R"("c_id":(\d+))", R"("c_id":"$1")"),
       "payments.c-id-identity",
       {"payments.c-id-identity"}},
      {"frozen money is not shown",
       InText(R"("value_freezing":\d+)", R"("value_freezing":0)"),
       "money.payout-*",
       {"money.payout-success", "money.payout-ends-badly.error"}},
      {"canceled is cancelled",
       InText("\"canceled\"", "\"cancelled\""),
       "lifecycle.outcome.03",
       {"lifecycle.outcome.03"}},
      {"a failure without its code",
       InText(R"("error":\{"code":7000,"message":"Provider error"\})", R"("error":null)"),
       "lifecycle.error-code",
       {"lifecycle.error-code"}},
  };
}

TEST_CASE("a gateway that is wrong in one thing fails the cases about it") {
  support::GatewayOptions options;
  options.discard_log = true;
  options.env = {{"MULTIHUB_SIMULATOR_DELAY_MS", "1000"}};
  support::GatewayProcess gateway(options);
  const support::TempDir dir;
  for (const int application : {1, 2}) {
    support::WriteFile(dir.File(std::to_string(application)), support::SandboxSecret(application));
  }
  // Every third in the ordinary run, all in `./dev soak mutants`.
  const std::size_t step = std::getenv("MULTIHUB_SOAK_SCALE") == nullptr ? 3 : 1;
  const std::vector<Mutation> mutations = Mutations();
  for (std::size_t i = 0; i < mutations.size(); i += step) {
    const Mutation& mutation = mutations[i];
    const Mutant mutant(gateway.port(), mutation.alter);
    const support::RunResult run =
        support::RunCli({"conformance", "--url", mutant.url(), "--app", "1", "--secret-file", dir.File("1"), "--app2",
                         "2", "--secret2-file", dir.File("2"), "--only", mutation.only, "--json"});
    INFO(mutation.name);
    INFO(run.err);
    CHECK(run.exit_code == 1);
    const auto document = nlohmann::json::parse(run.out, nullptr, false);
    REQUIRE(document.is_object());
    std::set<std::string> missed = mutation.must_fail;
    for (const auto& one : document["cases"]) {
      if (one["verdict"] == "failed") missed.erase(one["id"].get<std::string>());
    }
    INFO(nlohmann::json(missed).dump());
    CHECK(missed.empty());
  }
}

}  // namespace
}  // namespace multihub::conformance
