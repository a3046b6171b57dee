// What nobody expects while a call is handled: here that memory runs out.
#include <sstream>

#include "support/gateway_fixture.h"

namespace multihub::functional {
namespace {

using support::Answer;
using support::SignedClient;

// A text of a call that is so long takes an allocation that nothing else in a gateway takes.
constexpr std::size_t kUnluckyLength = 1987;

std::map<std::string, std::string> ShortOfMemory() {
  std::map<std::string, std::string> env = FastSandbox();
  env["LD_PRELOAD"] = SHORT_OF_MEMORY_LIBRARY;
  env["SHORT_OF_MEMORY_FOR"] = std::to_string(kUnluckyLength + 1);  // and the byte that ends a string
  // The sanitizer's own allocations stand behind it.
  env["ASAN_OPTIONS"] = "verify_asan_link_order=0";
  return env;
}

json UnluckyPayout(const std::string& c_id) {
  json call = MxnPayout(5000, c_id);
  std::string url = "https://shop.example/";
  url.resize(kUnluckyLength, 'a');
  call["params"]["payment"]["webhook_url"] = url;
  return call;
}

// The operator reads why in the log, the merchant nowhere.
void CheckUnexpected(Sandbox* sandbox, const Answer& answer) {
  CheckAnswer(answer, 2001);
  CHECK(answer.raw.find("alloc") == std::string::npos);
  const std::string request_id = answer.at("/request_id").get<std::string>();
  CHECK(Eventually([&] {
    std::istringstream log(sandbox->gateway().log());
    for (std::string line; std::getline(log, line);) {
      const bool this_call = line.find(request_id) != std::string::npos;
      if (this_call && line.find("std::bad_alloc") != std::string::npos) return true;
    }
    return false;
  }));
}

TEST_CASE("gateway: a call for which memory runs out is 2001, nothing comes of it, and the gateway serves on") {
  Sandbox sandbox(EachEngine(), ShortOfMemory());
  SignedClient client = sandbox.Client();
  const json balance = BalanceOf(&client, "MXN");

  CheckUnexpected(&sandbox, client.Call(UnluckyPayout("unlucky")));
  CheckUnexpected(&sandbox, client.Call(StatusOf(ById(std::string(kUnluckyLength, 'h')))));
  CheckAnswer(client.Call(StatusOf({{"c_id", "unlucky"}})), 6010);
  CHECK(BalanceOf(&client, "MXN") == balance);
  CHECK(sandbox.Count("payments") == 0);

  // The same process, and the same c_id as one does after 2001.
  const std::string h_id = IdOf(PaymentIn(client.Call(MxnPayout(5000, "unlucky"))));
  AwaitFinal(&client, h_id);
  CheckAllBecomeFinal(sandbox);
}

}  // namespace
}  // namespace multihub::functional
