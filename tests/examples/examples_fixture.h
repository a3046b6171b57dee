// The client examples of every language, a sandbox for them, and a server between the two that misbehaves as told.
#pragma once

#include <deque>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "support/gateway_fixture.h"
#include "support/json.h"
#include "support/process.h"
#include "support/signed_client.h"
#include "support/webhook_receiver.h"

namespace multihub::examples {

using functional::Sandbox;
using nlohmann::json;
using support::Reaction;
using support::ReceivedRequest;

using Env = std::map<std::string, std::string>;

// One folder of examples/ and how to run what is in it.
struct Language {
  std::string name;                     // the folder's
  std::vector<std::string> quickstart;  // argv
  std::vector<std::string> driver;      // argv, without the order
};

// Every language. The first call copies the examples and the drivers to a temporary directory and compiles Go there.
const std::vector<Language>& Languages();

// Outcomes after 200 ms, no rate limits; one for all tests of the program.
Sandbox& SharedSandbox();

// Runs one program with an environment of which nothing but what is given names a gateway.
support::RunResult RunProgram(const std::vector<std::string>& argv, Env env);

// The sandbox's application 1 at `url`.
Env SandboxEnv(const std::string& url);

// Has the client of that language do what `order` says (tests/examples/drivers), and returns what it told:
// {"outcome": "...", "slept": [seconds...], ...}.
json Order(const Language& language, Env env, const std::vector<std::string>& order);

// The same in two steps, of which the first may run on any thread.
support::RunResult RunOrder(const Language& language, Env env, const std::vector<std::string>& order);
json Told(const support::RunResult& run);

// What `run` gives for each language, in their order. All run at once: for those that mostly wait.
template <typename Run>
auto AtOnce(Run run) {
  std::vector<std::future<decltype(run(Languages()[0]))>> running;
  for (const Language& language : Languages()) {
    running.push_back(std::async(std::launch::async, [&run, &language] { return run(language); }));
  }
  std::vector<decltype(run(Languages()[0]))> results;
  for (auto& one : running) results.push_back(one.get());
  return results;
}

// A gateway that is the sandbox, seen through a line on which things go wrong. Every request is passed on and answered
// truly, but for those the script speaks of.
class BadLine {
 public:
  // Gets the request, and `pass`, which has the sandbox answer it.
  using Pass = std::function<support::Answer(const ReceivedRequest&)>;
  using Act = std::function<Reaction(const ReceivedRequest&, const Pass&)>;

  // `script`: an act for the first request, one for the second, and so on; afterwards all goes well.
  explicit BadLine(std::vector<Act> script = {});

  std::string url() const;
  // The methods that were called, in order, and the bodies.
  std::vector<std::string> Methods() const;
  std::vector<std::string> Bodies() const;

  static Act True();                                   // passed on, answered truly
  static Act Lose();                                   // passed on; the connection is closed without an answer
  static Act Swallow();                                // not passed on; the connection is closed
  static Act Hang();                                   // not passed on, never answered
  static Act Alter(std::function<void(Reaction*)> f);  // passed on; the answer is changed
  static Act Say(Reaction reaction);                   // not passed on
  // passed on; what is answered is something else
  static Act Hide(Reaction reaction);

 private:
  std::mutex mutex_;
  std::deque<Act> script_;
  support::WebhookReceiver receiver_;  // last: its thread uses the others
};

// An answer of the gateway, signed for application 1.
Reaction Signed(int http_status, const json& envelope, std::vector<std::pair<std::string, std::string>> headers = {});
// The same for an error without details and context.
Reaction Refusal(int code, std::vector<std::pair<std::string, std::string>> headers = {});

// A c_id nobody else has: "<language>/<name>/<number>".
std::string NewCId(const Language& language, const std::string& name);
std::string AsJson(const std::string& text);

// How many payments of application 1 have that c_id: 0 or 1, unless something is very wrong.
std::int64_t PaymentsWith(const std::string& c_id);
// All payments of application 1.
std::int64_t Payments();

}  // namespace multihub::examples
