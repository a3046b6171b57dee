// The clients of examples/ against a real sandbox, over lines on which everything goes wrong that may go wrong.
#include "examples_fixture.h"

namespace multihub::examples {
namespace {

using Methods = std::vector<std::string>;

constexpr const char* kAmount = "25000";

const char* const kIn = "payment.in";
const char* const kStatus = "payment.status";

json OrderOn(const BadLine& line, const Language& language, const std::vector<std::string>& order) {
  return Order(language, SandboxEnv(line.url()), order);
}

// Of a payment: the c_id's text and type are as given, and the h_id is the sandbox's.
void CheckIsPayment(const json& told, const json& c_id) {
  INFO(told.dump());
  REQUIRE(told["outcome"] == "done");
  const json& identifiers = told["result"]["identifiers"];
  CHECK(identifiers["c_id"] == c_id);
  const std::string text = c_id.is_string() ? c_id.get<std::string>() : c_id.dump();
  CHECK(PaymentsWith(text) == 1);
  support::SignedClient client = SharedSandbox().Client();
  CHECK(functional::PaymentIn(client.Call(functional::StatusOf({{"c_id", c_id}})))["identifiers"]["h_id"] ==
        identifiers["h_id"]);
}

void FlipOneBit(Reaction* reaction) { reaction->body[reaction->body.size() / 2] ^= 1; }

void Unsign(Reaction* reaction) {
  std::erase_if(reaction->headers, [](const auto& header) { return header.first == "X-Data-Hash"; });
}

TEST_CASE("examples: each client signs, and reads what the gateway answers") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    const BadLine line;
    CHECK(OrderOn(line, language, {"ping"})["result"] == "pong");
    CHECK(OrderOn(line, language, {"balance"})["result"]["id"] == 1);
    const std::string c_id = NewCId(language, "plain");
    CheckIsPayment(OrderOn(line, language, {"deposit", AsJson(c_id), kAmount}), c_id);
    const std::string payout = NewCId(language, "payout");
    CheckIsPayment(OrderOn(line, language, {"payout", AsJson(payout), "150000"}), payout);
    CHECK(OrderOn(line, language, {"status", AsJson("never used")})["code"] == 6010);
    CHECK(line.Methods() == Methods{"gateway.ping", "balance.get", kIn, "payment.out", kStatus});
  }
}

TEST_CASE("examples: each client keeps big numbers and every character of a c_id") {
  std::int64_t number = 9007199254740991;  // 2^53-1
  for (const Language& language : Languages()) {
    INFO(language.name);
    const BadLine line;
    CheckIsPayment(OrderOn(line, language, {"deposit", std::to_string(number), kAmount}), number);
    CHECK(OrderOn(line, language, {"status", std::to_string(number)})["result"]["identifiers"]["c_id"] == number);
    // The same c_id as text.
    CHECK(OrderOn(line, language, {"status", AsJson(std::to_string(number))})["outcome"] == "done");
    --number;
    const std::string c_id =
        NewCId(language, "Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80 \xe2\x80\xa8 \"'\\ <b>&amp; %s $HOME `id` 7.0 ");
    CheckIsPayment(OrderOn(line, language, {"deposit", AsJson(c_id), kAmount}), c_id);
    const json sent = json::parse(line.Bodies().back());
    CHECK(sent["params"]["payment"]["description"] == "Zo\xc3\xab's 2 \xe2\x82\xac </b>");
    CHECK(OrderOn(line, language, {"status", AsJson(c_id)})["outcome"] == "done");
  }
}

TEST_CASE("examples: each client says what the gateway refused, once") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    const BadLine line;
    Env wrong = SandboxEnv(line.url());
    wrong["MULTIHUB_SECRET"] = "another secret";
    const std::string c_id = NewCId(language, "wrong secret");
    for (const std::vector<std::string>& order :
         {std::vector<std::string>{"ping"}, std::vector<std::string>{"deposit", AsJson(c_id), kAmount}}) {
      const json told = Order(language, wrong, order);
      CHECK(told["outcome"] == "refused");
      CHECK(told["code"] == 3000);
    }
    // 05: the provider is not available. That is worth another try later, and not at once.
    const json unavailable = OrderOn(line, language, {"deposit", AsJson(c_id), "25005"});
    CHECK(unavailable["outcome"] == "refused");
    CHECK(unavailable["code"] == 2002);
    CHECK(unavailable["slept"].empty());
    CHECK(OrderOn(line, language, {"payout", AsJson(c_id), "90000000"})["code"] == 1012);
    CHECK(line.Methods() == Methods{"gateway.ping", kIn, kIn, "payment.out"});
    CHECK(PaymentsWith(c_id) == 0);
  }
}

TEST_CASE("examples: a c_id used before is told as such, with the payment it belongs to") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    const BadLine line;
    const std::string c_id = NewCId(language, "twice");
    const json first = OrderOn(line, language, {"deposit", AsJson(c_id), "25004"});
    const json second = OrderOn(line, language, {"deposit", AsJson(c_id), "25004"});
    CHECK(second["outcome"] == "exists");
    CHECK(second["h_id"] == first["result"]["identifiers"]["h_id"]);
    CHECK(functional::IsFinal(second["status"].get<std::string>()) == false);
    CHECK(line.Methods() == Methods{kIn, kIn});
    CHECK(PaymentsWith(c_id) == 1);
  }
}

TEST_CASE("examples: an answer that was altered, or is not signed, counts for nothing") {
  for (const Language& language : Languages()) {
    for (const auto& spoil : {FlipOneBit, Unsign}) {
      INFO(language.name);
      const BadLine line({BadLine::Alter(spoil), BadLine::Alter(spoil), BadLine::Alter(spoil)});
      CHECK(OrderOn(line, language, {"ping"})["outcome"] == "bad signature");
      // Neither the payment's own answer nor the one about its status can be believed.
      const std::string c_id = NewCId(language, "spoilt");
      CHECK(OrderOn(line, language, {"deposit", AsJson(c_id), kAmount})["outcome"] == "unknown");
      CHECK(line.Methods() == Methods{"gateway.ping", kIn, kStatus});
      CHECK(PaymentsWith(c_id) == 1);
    }
  }
}

TEST_CASE("examples: after an altered answer the payment is found by its c_id") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    const BadLine line({BadLine::Alter(FlipOneBit)});
    const std::string c_id = NewCId(language, "altered");
    CheckIsPayment(OrderOn(line, language, {"deposit", AsJson(c_id), kAmount}), c_id);
    CHECK(line.Methods() == Methods{kIn, kStatus});
  }
}

TEST_CASE("examples: a signed answer to another call is not taken for an answer to this one") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    const std::string old_c_id = NewCId(language, "recorded");
    support::SignedClient client = SharedSandbox().Client();
    const support::Answer recorded = client.Call(functional::Deposit(14702, 25000, "INR", old_c_id));
    const Reaction replay = Signed(200, recorded.json);
    const BadLine line({BadLine::Say(replay)});
    const std::string c_id = NewCId(language, "replayed to");
    CheckIsPayment(OrderOn(line, language, {"deposit", AsJson(c_id), kAmount}), c_id);
    CHECK(line.Methods() == Methods{kIn, kStatus, kIn});
    const BadLine about_status({BadLine::Say(replay)});
    CHECK(OrderOn(about_status, language, {"status", AsJson(c_id)})["outcome"] == "no answer");
  }
}

TEST_CASE("examples: a payment whose answer was lost is found and not made again") {
  for (const Language& language : Languages()) {
    for (const std::string method : {"deposit", "payout"}) {
      INFO(language.name << " " << method);
      const BadLine line({BadLine::Lose()});
      const std::string c_id = NewCId(language, "lost " + method);
      const std::int64_t before = Payments();
      CheckIsPayment(OrderOn(line, language, {method, AsJson(c_id), "150000"}), c_id);
      CHECK(Payments() == before + 1);
      CHECK(line.Methods() == Methods{method == "deposit" ? kIn : "payment.out", kStatus});
    }
  }
}

TEST_CASE("examples: a payment the gateway never heard of is sent again, the same bytes, once that is known") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    const BadLine line({BadLine::Swallow()});
    const std::string c_id = NewCId(language, "swallowed");
    CheckIsPayment(OrderOn(line, language, {"deposit", AsJson(c_id), kAmount}), c_id);
    CHECK(line.Methods() == Methods{kIn, kStatus, kIn});
    CHECK(line.Bodies()[0] == line.Bodies()[2]);
  }
}

TEST_CASE("examples: an answer that breaks off, or is a proxy's page, is no answer") {
  const std::string page = "<html><body><h1>502 Bad Gateway</h1></body></html>";
  const Reaction broken = Reaction::Garbage("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{\"success\":true,");
  for (const Language& language : Languages()) {
    for (const Reaction& reaction : {Reaction::Answer(502, page), broken}) {
      INFO(language.name);
      const BadLine line({BadLine::Hide(reaction), BadLine::True(), BadLine::Say(reaction)});
      const std::string c_id = NewCId(language, "page");
      CheckIsPayment(OrderOn(line, language, {"deposit", AsJson(c_id), kAmount}), c_id);
      // What changes nothing is simply asked again.
      CHECK(OrderOn(line, language, {"balance"})["outcome"] == "done");
      CHECK(line.Methods() == Methods{kIn, kStatus, "balance.get", "balance.get"});
    }
  }
}

TEST_CASE("examples: redirects are not followed") {
  for (const Language& language : Languages()) {
    for (const int status : {302, 307}) {
      INFO(language.name << " " << status);
      const BadLine elsewhere;
      const BadLine line({BadLine::Say(Reaction::Answer(status, "", {{"Location", elsewhere.url()}}))});
      CHECK(OrderOn(line, language, {"ping"})["outcome"] == "done");
      CHECK(elsewhere.Methods().empty());
      CHECK(line.Methods().size() == 2);
    }
  }
}

TEST_CASE("examples: a full gateway is given the time it asks for") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    const Reaction busy = Refusal(1000, {{"Retry-After", "7"}});
    const BadLine line({BadLine::Say(busy)});
    const std::string c_id = NewCId(language, "busy");
    const json told = OrderOn(line, language, {"deposit", AsJson(c_id), kAmount});
    CheckIsPayment(told, c_id);
    CHECK(told["slept"] == json{7});
    CHECK(line.Methods() == Methods{kIn, kIn});
    CHECK(line.Bodies()[0] == line.Bodies()[1]);

    const BadLine ever({BadLine::Say(busy), BadLine::Say(busy), BadLine::Say(busy)});
    const json given_up = OrderOn(ever, language, {"deposit", AsJson(NewCId(language, "busy ever")), kAmount});
    CHECK(given_up["outcome"] == "refused");
    CHECK(given_up["code"] == 1000);
    CHECK(given_up["slept"] == json{7, 7});
    CHECK(ever.Methods() == Methods{kIn, kIn, kIn});
  }
}

TEST_CASE("examples: a Retry-After longer than one wants to wait is left to the caller") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    const BadLine line({BadLine::Say(Refusal(1000, {{"Retry-After", "3600"}}))});
    const json told = OrderOn(line, language, {"balance"});
    CHECK(told["outcome"] == "refused");
    CHECK(told["code"] == 1000);
    CHECK(told["slept"].empty());
  }
}

TEST_CASE("examples: after 2000 the same c_id is tried again, and 6009 then means that the payment is there") {
  for (const Language& language : Languages()) {
    for (const int code : {2000, 2001}) {
      INFO(language.name << " " << code);
      const BadLine stored({BadLine::Hide(Refusal(code))});
      const std::string c_id = NewCId(language, "stored");
      CheckIsPayment(OrderOn(stored, language, {"deposit", AsJson(c_id), kAmount}), c_id);
      CHECK(stored.Methods() == Methods{kIn, kIn, kStatus});
      CHECK(stored.Bodies()[0] == stored.Bodies()[1]);
    }
    const BadLine not_stored({BadLine::Say(Refusal(2000))});
    const std::string c_id = NewCId(language, "not stored");
    CheckIsPayment(OrderOn(not_stored, language, {"deposit", AsJson(c_id), kAmount}), c_id);
    CHECK(not_stored.Methods() == Methods{kIn, kIn});
  }
}

TEST_CASE("examples: a gateway that cannot store says so to the end, and the payment stays open") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    const auto no = BadLine::Say(Refusal(2000));
    const BadLine line({no, no, no});
    const std::string c_id = NewCId(language, "never stored");
    CHECK(OrderOn(line, language, {"deposit", AsJson(c_id), kAmount})["outcome"] == "unknown");
    CHECK(line.Methods() == Methods{kIn, kIn, kIn, kStatus});
    const BadLine on_the_way({BadLine::Hide(Refusal(2000)), no, no});
    CheckIsPayment(OrderOn(on_the_way, language, {"deposit", AsJson(c_id), kAmount}), c_id);
  }
}

TEST_CASE("examples: a refusal after a lost call is not taken for the end of that call") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    // The first call may still be on its way when the second one finds the route switched off.
    const BadLine line({BadLine::Swallow(), BadLine::True(), BadLine::Say(Refusal(1009))});
    const std::string c_id = NewCId(language, "refused later");
    CHECK(OrderOn(line, language, {"deposit", AsJson(c_id), kAmount})["outcome"] == "unknown");
    CHECK(line.Methods() == Methods{kIn, kStatus, kIn, kStatus});
    CHECK(PaymentsWith(c_id) == 0);
  }
}

TEST_CASE("examples: what a lost call's c_id finds is another payment, when amounts differ") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    const BadLine line({BadLine::True(), BadLine::Lose()});
    const std::string c_id = NewCId(language, "reused");
    const json first = OrderOn(line, language, {"deposit", AsJson(c_id), kAmount});
    const json told = OrderOn(line, language, {"deposit", AsJson(c_id), "30000"});
    CHECK(told["outcome"] == "exists");
    CHECK(told["h_id"] == first["result"]["identifiers"]["h_id"]);
    CHECK(line.Methods() == Methods{kIn, kIn, kStatus});
  }
}

TEST_CASE("examples: a gateway that hangs is not waited for") {
  struct Waited {
    support::RunResult ping, deposit;
    Methods methods;
    std::string c_id;
  };
  const auto all = AtOnce([](const Language& language) {
    const BadLine line(std::vector<BadLine::Act>(8, BadLine::Hang()));
    Env env = SandboxEnv(line.url());
    env["TIMEOUT_S"] = "0.4";
    Waited waited;
    waited.c_id = NewCId(language, "hanging");
    waited.ping = RunOrder(language, env, {"ping"});
    waited.deposit = RunOrder(language, env, {"deposit", AsJson(waited.c_id), kAmount});
    waited.methods = line.Methods();
    return waited;
  });
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(Languages()[i].name);
    CHECK(Told(all[i].ping)["outcome"] == "no answer");
    CHECK(Told(all[i].deposit)["outcome"] == "unknown");
    CHECK(all[i].methods == Methods{"gateway.ping", "gateway.ping", "gateway.ping", kIn, kStatus, kStatus, kStatus});
    CHECK(PaymentsWith(all[i].c_id) == 0);
  }
}

TEST_CASE("examples: where nobody listens there is no answer") {
  for (const Language& language : Languages()) {
    INFO(language.name);
    std::string url;
    {
      const BadLine gone;
      url = gone.url();
    }
    const json told = Order(language, SandboxEnv(url), {"ping"});
    CHECK(told["outcome"] == "no answer");
    CHECK(told["slept"].size() == 2);
  }
}

}  // namespace
}  // namespace multihub::examples
