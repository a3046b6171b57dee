// The programs of docs/webhooks.md are taken from the page and run, and what the page lists is compared with the code.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "multihub/domain/event_names.h"
#include "multihub/webhooks/signature.h"
#include "snippets/sent_webhook_fixture.h"
#include "support/process.h"
#include "support/temp_dir.h"
#include "support/webhook_receiver.h"

namespace multihub::webhooks {
namespace {

using snippets::kApiSecret;
using snippets::kEndpointSecret;
using snippets::kMinuteMs;
using snippets::kOtherApiSecret;
using snippets::kOtherEndpointSecret;
using snippets::WithFlippedBit;

// ---- the page -------------------------------------------------------------------------------------------------------

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  return lines;
}

const std::vector<std::string>& Page() {
  static const std::vector<std::string> lines =
      LinesOf(support::ReadFile(std::string(MULTIHUB_SOURCE_DIR) + "/docs/webhooks.md"));
  return lines;
}

// The first cells of the rows of the first table after a heading, and the last cells, both without back quotes.
std::vector<std::pair<std::string, std::string>> TableUnder(const std::string& heading) {
  const auto plain = [](std::string cell) {
    std::erase(cell, '`');
    const std::size_t begin = cell.find_first_not_of(' ');
    return begin == std::string::npos ? std::string() : cell.substr(begin, cell.find_last_not_of(' ') - begin + 1);
  };
  std::vector<std::pair<std::string, std::string>> rows;
  auto line = std::find(Page().begin(), Page().end(), heading);
  while (line != Page().end() && !line->starts_with("|---")) ++line;
  if (line == Page().end()) return rows;
  for (++line; line != Page().end() && line->starts_with('|'); ++line) {
    const std::size_t last = line->rfind('|', line->size() - 2);
    rows.emplace_back(plain(line->substr(1, line->find('|', 1) - 1)),
                      plain(line->substr(last + 1, line->size() - last - 2)));
  }
  return rows;
}

// A program of the page: "`FILE`, run with `COMMAND`:", an empty line, and the fenced block.
struct Snippet {
  std::string file, command, language, text;
};

constexpr std::string_view kRunWith = "`, run with `";
constexpr std::string_view kFence = "```";

std::vector<Snippet> ReadSnippets() {
  std::vector<Snippet> snippets;
  for (std::size_t i = 0; i + 2 < Page().size(); ++i) {
    const std::string& line = Page()[i];
    const std::size_t middle = line.find(kRunWith);
    if (!line.starts_with('`') || middle == std::string::npos || !line.ends_with("`:")) continue;
    Snippet snippet;
    snippet.file = line.substr(1, middle - 1);
    snippet.command = line.substr(middle + kRunWith.size(), line.size() - 2 - middle - kRunWith.size());
    if (Page()[i + 2].starts_with(kFence)) snippet.language = Page()[i + 2].substr(kFence.size());
    for (std::size_t at = i + 3; at < Page().size() && Page()[at] != kFence; ++at) snippet.text += Page()[at] + "\n";
    snippets.push_back(std::move(snippet));
  }
  return snippets;
}

// ---- running it -----------------------------------------------------------------------------------------------------

// One folder with every program of the page in it.
class Workshop {
 public:
  static Workshop& Instance() {
    static Workshop workshop;
    return workshop;
  }

  const std::vector<Snippet>& snippets() const { return snippets_; }

  // Those that verify, of the languages this machine can run.
  std::vector<Snippet> Verifiers() {
    std::vector<Snippet> verifiers;
    for (const Snippet& snippet : snippets_) {
      if (snippet.file.starts_with("verify.") && CanRun(snippet)) verifiers.push_back(snippet);
    }
    return verifiers;
  }

  bool CanRun(const Snippet& snippet) {
    const std::string runtime = snippet.command.substr(0, snippet.command.find(' '));
    if (Shell("command -v " + runtime, {}).exit_code == 0) return true;
    WARN(runtime << " is not installed: " << snippet.file << " was not run");
    return false;
  }

  void Write(const std::string& name, const std::string& content) { support::WriteFile(dir_.File(name), content); }

  support::RunResult Shell(const std::string& command, std::map<std::string, std::string> env) const {
    support::SpawnOptions options;
    options.argv = {"sh", "-c", command};
    options.cwd = dir_.path();
    options.env = std::move(env);
    // Compilers and interpreters keep their things here, and fetch nothing.
    options.env["HOME"] = dir_.path();
    options.env["GOCACHE"] = dir_.File("go-cache");
    options.env["GOPATH"] = dir_.File("go");
    options.env["GOFLAGS"] = "";
    options.env["GOPROXY"] = "off";
    options.env["PYTHONDONTWRITEBYTECODE"] = "1";
    return support::Run(std::move(options), std::chrono::minutes(5));
  }

 private:
  Workshop() : snippets_(ReadSnippets()) {
    for (const Snippet& snippet : snippets_) Write(snippet.file, snippet.text);
  }

  support::TempDir dir_;
  std::vector<Snippet> snippets_;
};

// What a receiver got, and what it knows.
struct Input : snippets::SentWebhook {
  std::string api_secret{kApiSecret};
  std::string endpoint_secret{kEndpointSecret};
  std::string line_end = "\n";
};

// As the gateway sends it; `late_ms` after it was made it is received.
Input Delivery(std::int64_t late_ms = 0, const std::vector<std::string>& secrets = {kEndpointSecret}) {
  return {snippets::SignedWebhook(late_ms, kApiSecret, secrets)};
}

support::RunResult RunOn(const Snippet& snippet, const Input& input) {
  Workshop& workshop = Workshop::Instance();
  workshop.Write("headers.txt", input.HeaderText(input.line_end));
  workshop.Write("body.json", input.body);
  return workshop.Shell(snippet.command, {{"API_SECRET", input.api_secret}, {"WEBHOOK_SECRET", input.endpoint_secret}});
}

void CheckVerified(const Snippet& snippet, const Input& input) {
  const support::RunResult result = RunOn(snippet, input);
  INFO(snippet.command << "\n" << result.err);
  CHECK(result.exit_code == 0);
  CHECK(result.out == "verified pay_01:payment.completed\n");
}

void CheckRefused(const Snippet& snippet, const Input& input, const std::string& header) {
  const support::RunResult result = RunOn(snippet, input);
  INFO(snippet.command);
  CHECK(result.exit_code == 1);
  CHECK(result.err == "refused: " + header + "\n");
  CHECK(result.out.empty());
}

// ---- tests ----------------------------------------------------------------------------------------------------------

TEST_CASE("every program of the page is run by these tests, in each promised language") {
  const std::set<std::string> programs = {"sh", "python", "javascript", "php", "go"};
  std::multiset<std::string> blocks, run, verifying;
  for (const std::string& line : Page()) {
    if (line.starts_with(kFence) && programs.count(line.substr(kFence.size())) > 0) {
      blocks.insert(line.substr(kFence.size()));
    }
  }
  for (const Snippet& snippet : Workshop::Instance().snippets()) {
    run.insert(snippet.language);
    if (snippet.file.starts_with("verify.")) verifying.insert(snippet.language);
  }
  CHECK(run == blocks);
  CHECK(verifying == std::multiset<std::string>(programs.begin(), programs.end()));
}

TEST_CASE("each program takes what the gateway sends") {
  struct Row {
    const char* name;
    Input input;
  };
  Input lower_case = Delivery();
  lower_case.line_end = "\r\n";
  lower_case.PutNamesInLowerCase();
  Input with_the_other = Delivery(0, {kEndpointSecret, kOtherEndpointSecret});
  with_the_other.endpoint_secret = kOtherEndpointSecret;
  const Row rows[] = {
      {"just sent", Delivery()},
      {"lower case and CR LF, as proxies leave it", lower_case},
      {"four minutes old", Delivery(4 * kMinuteMs)},
      {"four minutes ahead", Delivery(-4 * kMinuteMs)},
      {"rotation, receiver has the first secret", Delivery(0, {kEndpointSecret, kOtherEndpointSecret})},
      {"rotation, receiver has the second secret", with_the_other},
  };
  for (const Snippet& snippet : Workshop::Instance().Verifiers()) {
    for (const Row& row : rows) {
      INFO(row.name);
      CheckVerified(snippet, row.input);
    }
  }
}

TEST_CASE("each program refuses another body") {
  for (const Snippet& snippet : Workshop::Instance().Verifiers()) {
    const std::string body = Delivery().body;
    for (const std::size_t at : {std::size_t{0}, body.size() / 2, body.size() - 1}) {
      Input input = Delivery();
      input.body = WithFlippedBit(body, at);
      CheckRefused(snippet, input, "X-Data-Hash");
    }
    for (const std::string& other : {body + "\n", body.substr(1), std::string()}) {
      Input input = Delivery();
      input.body = other;
      CheckRefused(snippet, input, "X-Data-Hash");
    }
  }
}

TEST_CASE("each program refuses a signature that is not right to the bit, or is not there") {
  for (const Snippet& snippet : Workshop::Instance().Verifiers()) {
    for (const std::string name : {"X-Data-Hash", "X-Webhook-Signature-V2", "webhook-signature"}) {
      const std::string good = Delivery()[name];
      for (const std::string& other : {WithFlippedBit(good, 10), WithFlippedBit(good, good.size() - 2),
                                       good.substr(0, good.size() - 1), "é" + good.substr(2), std::string()}) {
        Input input = Delivery();
        input[name] = other;
        INFO(name << ": " << other);
        CheckRefused(snippet, input, name);
      }
      Input input = Delivery();
      input.Drop(name);
      CheckRefused(snippet, input, name);
    }
  }
}

TEST_CASE("each program refuses a signature of another version, or of secrets it does not have") {
  for (const Snippet& snippet : Workshop::Instance().Verifiers()) {
    Input other_version = Delivery();
    other_version["webhook-signature"].replace(0, 2, "v2");
    CheckRefused(snippet, other_version, "webhook-signature");

    Input two_others = Delivery(0, {kOtherEndpointSecret, kOtherEndpointSecret});
    CheckRefused(snippet, two_others, "webhook-signature");

    Input wrong_endpoint_secret = Delivery();
    wrong_endpoint_secret.endpoint_secret = kOtherEndpointSecret;
    CheckRefused(snippet, wrong_endpoint_secret, "webhook-signature");

    Input wrong_api_secret = Delivery();
    wrong_api_secret.api_secret = kOtherApiSecret;
    CheckRefused(snippet, wrong_api_secret, "X-Data-Hash");
  }
}

TEST_CASE("each program refuses a timestamp or an id that was not signed") {
  for (const Snippet& snippet : Workshop::Instance().Verifiers()) {
    Input timestamp = Delivery();
    timestamp["X-Webhook-Timestamp"] = WithFlippedBit(timestamp["X-Webhook-Timestamp"], 22);
    CheckRefused(snippet, timestamp, "X-Webhook-Signature-V2");

    Input seconds = Delivery();
    seconds["webhook-timestamp"] = WithFlippedBit(seconds["webhook-timestamp"], 9);
    CheckRefused(snippet, seconds, "webhook-signature");

    Input id = Delivery();
    id["webhook-id"] = WithFlippedBit(id["webhook-id"], 5);
    CheckRefused(snippet, id, "webhook-signature");

    for (const auto& [missing, named] :
         {std::pair<std::string, std::string>{"X-Webhook-Timestamp", "X-Webhook-Signature-V2"},
          {"webhook-timestamp", "webhook-signature"},
          {"webhook-id", "webhook-signature"}}) {
      Input input = Delivery();
      input.Drop(missing);
      CheckRefused(snippet, input, named);
    }
  }
}

TEST_CASE("each program refuses what was signed more than five minutes ago or ahead") {
  for (const Snippet& snippet : Workshop::Instance().Verifiers()) {
    CheckRefused(snippet, Delivery(6 * kMinuteMs), "X-Webhook-Timestamp");
    CheckRefused(snippet, Delivery(-6 * kMinuteMs), "X-Webhook-Timestamp");
    for (const std::int64_t late_ms : {6 * kMinuteMs, -6 * kMinuteMs}) {
      Input replayed_standard = Delivery(late_ms);
      Input fresh = Delivery();
      for (const std::string name : {"X-Webhook-Timestamp", "X-Webhook-Signature-V2"}) {
        replayed_standard[name] = fresh[name];
      }
      CheckRefused(snippet, replayed_standard, "webhook-timestamp");
    }
  }
}

TEST_CASE("the program that sends signs as the gateway does") {
  const auto& snippets = Workshop::Instance().snippets();
  const auto found =
      std::find_if(snippets.begin(), snippets.end(), [](const Snippet& s) { return s.file == "send.sh"; });
  REQUIRE(found != snippets.end());
  Snippet send = *found;
  const std::string example = "http://127.0.0.1:8000";
  REQUIRE(send.command.find(example) != std::string::npos);
  if (!Workshop::Instance().CanRun({"send.sh", "curl", "", ""})) return;

  support::WebhookReceiver receiver;
  receiver.OnAnyOther([](const support::ReceivedRequest&) { return support::Reaction::Answer(202); });
  send.command.replace(send.command.find(example), example.size(), receiver.Url(""));
  const Input input = Delivery();
  const support::RunResult result = RunOn(send, input);
  INFO(result.err);
  CHECK(result.exit_code == 0);
  CHECK(result.out == "202\n");

  REQUIRE(receiver.count() == 1);
  const support::ReceivedRequest request = receiver.Received()[0];
  CHECK(request.method == "POST");
  CHECK(request.body == input.body);
  const auto value = [&](const std::string& name) {
    const std::string* text = request.Header(name);
    return text == nullptr ? std::string() : *text;
  };
  const base::SecretString api_secret{std::string(kApiSecret)};
  const base::SecretString endpoint_secret{std::string(kEndpointSecret)};
  const std::string nonce = value("X-Webhook-Nonce");
  CHECK(nonce.size() == 32);
  SignedAttempt attempt;
  attempt.id = "pay_01:payment.completed";
  attempt.body = input.body;
  REQUIRE(base::ParseIso8601(value("X-Webhook-Timestamp"), &attempt.at_ms));
  attempt.nonce = nonce;
  attempt.api_secret = &api_secret;
  attempt.endpoint_secrets = {&endpoint_secret};
  for (const auto& [name, expected] : DeliveryHeaders(attempt)) {
    INFO(name);
    CHECK(value(name) == expected);
  }
}

TEST_CASE("the page lists the headers that are sent, in their order") {
  std::vector<std::string> listed, sent;
  for (const auto& [header, value] : TableUnder("### Headers")) listed.push_back(header);
  for (const auto& [header, value] : Delivery().headers) sent.push_back(header);
  // With a trace only, and not signed.
  sent.insert(sent.end(), {"traceparent", "tracestate"});
  CHECK(listed == sent);
}

TEST_CASE("the page lists the events there are, with the default subscription") {
  const auto listed = TableUnder("## Events");
  REQUIRE(listed.size() == domain::kEvents.size());
  for (std::size_t i = 0; i < listed.size(); ++i) {
    CHECK(listed[i].first == domain::kEvents[i].name);
    CHECK(listed[i].second == (domain::kEvents[i].by_default ? "yes" : "no"));
  }
}

}  // namespace
}  // namespace multihub::webhooks
