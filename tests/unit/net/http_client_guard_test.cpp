// Where an outgoing call may go, and how it is kept from going anywhere else.
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "multihub/net/address_guard.h"
#include "multihub/net/http_client.h"
#include "unit/net/http_client_fixture.h"
#include "unit/net/loopback_server_fixture.h"

namespace multihub::testing {
namespace {

using base::IpAddress;
using net::HttpClient;
using net::HttpClientOptions;
using net::OutgoingAnswer;
using net::OutgoingCall;

std::string InUrl(const IpAddress& address) {
  return address.is_ipv4() ? address.Format() : "[" + address.Format() + "]";
}

// The first address of each refused range, and IPv4 ones again in their IPv4-mapped form.
std::vector<IpAddress> RefusedAddresses() {
  std::vector<IpAddress> addresses;
  for (const net::RefusedRange& row : net::RefusedRanges()) {
    const IpAddress first = base::Cidr::Parse(row.network)->network();
    addresses.push_back(first);
    if (first.is_ipv4()) addresses.push_back(Ip("::ffff:" + first.Format()));
  }
  return addresses;
}

TEST_CASE("no address of a refused range is called, by name or literally") {
  const ConnectWatch watch;
  NameTable names;
  HttpClient client(HttpClientOptions(), names.Resolver());
  for (const IpAddress& address : RefusedAddresses()) {
    INFO(address.Format());
    const std::string reason(net::Judge(address).value());
    for (const std::string scheme : {"http://", "https://"}) {
      const OutgoingAnswer by_literal = Ask(client, scheme + InUrl(address) + "/hook");
      CHECK(ErrorOf(by_literal) == "refused_target");
      CHECK(by_literal.detail == reason);
      CHECK(by_literal.status == 0);

      names.Add("shop.example", {address.Format()});
      const OutgoingAnswer by_name = Ask(client, scheme + "shop.example/hook");
      CHECK(ErrorOf(by_name) == "refused_target");
      CHECK(by_name.detail == reason);
    }
  }
  CHECK(watch.Connects().empty());
  CHECK(names.Asked().size() == 2 * RefusedAddresses().size());
}

TEST_CASE("one refused address among several refuses the call") {
  const ConnectWatch watch;
  LoopbackServer server(Answering(Answer(200)));
  NameTable names;
  HttpClient client(LoopbackOptions(), names.Resolver());
  const std::vector<std::vector<std::string>> answers = {{"127.0.0.1", "10.0.0.1"},
                                                         {"10.0.0.1", "127.0.0.1"},
                                                         {"127.0.0.1", "::ffff:10.0.0.1", "127.0.0.2"},
                                                         {"127.0.0.1", "::1", "fd00::1"}};
  for (const auto& addresses : answers) {
    names.Add("shop.example", addresses);
    const OutgoingAnswer answer = Ask(client, server.Url("shop.example"));
    INFO(addresses.back());
    CHECK(ErrorOf(answer) == "refused_target");
    CHECK((answer.detail == "private" || answer.detail == "unique-local"));
  }
  // A refused one far behind those that would be tried.
  std::vector<std::string> many;
  for (int i = 1; i <= 200; ++i) many.push_back("127.0.0." + std::to_string(i));
  many.push_back("192.168.0.1");
  names.Add("shop.example", many);
  CHECK(Ask(client, server.Url("shop.example")).detail == "private");
  CHECK(watch.Connects().empty());
}

TEST_CASE("loopback in any spelling is refused, and called where that is allowed") {
  const std::vector<std::string> spellings = {
      "127.0.0.1",       "127.0.0.1.", "127.1",        "127.0.1",   "2130706433",     "0x7f000001",
      "0x7F.0.0.1",      "0177.0.0.1", "017700000001", "0x7f.1",    "127.0.0.0x1",    "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]", "localhost",  "LOCALHOST.",   "LocalHost", "shop.localhost", "a.b.localhost.",
  };
  LoopbackServer server(Answering(Answer(200)));
  NameTable names;
  HttpClient strict(HttpClientOptions(), names.Resolver());
  HttpClient loopback(LoopbackOptions(), names.Resolver());
  for (const std::string& spelling : spellings) {
    INFO(spelling);
    {
      const ConnectWatch watch;
      const OutgoingAnswer refused = Ask(strict, server.Url(spelling));
      CHECK(ErrorOf(refused) == "refused_target");
      CHECK(refused.detail == "loopback");
      CHECK(watch.Connects().empty());
    }
    CHECK(Ask(loopback, server.Url(spelling)).status == 200);
  }
  CHECK(names.Asked().empty());
}

TEST_CASE("IPv6 loopback is refused, and called where that is allowed") {
  for (const std::string spelling : {"[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]"}) {
    NameTable names;
    const std::string url = "http://" + spelling + ":9/hook";
    const ConnectWatch watch;
    HttpClient strict(HttpClientOptions(), names.Resolver());
    CHECK(Ask(strict, url).detail == "loopback");
    CHECK(watch.Connects().empty());
    HttpClient loopback(LoopbackOptions(), names.Resolver());
    CHECK(ErrorOf(Ask(loopback, url)) != "refused_target");
    CHECK(watch.Connects() == std::vector<std::string>{"[::1]:9"});
  }
}

TEST_CASE("a name that changes its mind is judged anew, and called only where it was judged") {
  LoopbackServer server(Answering(Answer(200, "", "Connection: close\r\n")));
  NameTable names;
  names.Add("shop.example", std::vector<std::vector<IpAddress>>{Ips({"127.0.0.1"}), Ips({"10.1.2.3"})});
  HttpClient client(LoopbackOptions(), names.Resolver());
  const ConnectWatch watch;
  CHECK(Ask(client, server.Url("shop.example")).status == 200);
  CHECK(names.Asked() == std::vector<std::string>{"shop.example"});
  CHECK(Ask(client, server.Url("shop.example")).detail == "private");
  CHECK(names.Asked().size() == 2);
  CHECK(watch.Connects() == std::vector<std::string>{"127.0.0.1:" + std::to_string(server.port())});
}

TEST_CASE("a kept connection does not serve a name that now stands for a refused address") {
  LoopbackServer server(Answering(Answer(200)));
  NameTable names;
  names.Add("shop.example", std::vector<std::vector<IpAddress>>{Ips({"127.0.0.1"}), Ips({"127.0.0.1", "10.1.2.3"})});
  HttpClient client(LoopbackOptions(), names.Resolver());
  CHECK(Ask(client, server.Url("shop.example")).status == 200);
  CHECK(ErrorOf(Ask(client, server.Url("shop.example"))) == "refused_target");
}

TEST_CASE("a call that cannot be read, or says too much, is refused") {
  const ConnectWatch watch;
  NameTable names;
  HttpClient client(LoopbackOptions(), names.Resolver());
  const std::vector<std::string> urls = {"",
                                         "shop.example",
                                         "//shop.example/",
                                         "ftp://shop.example/",
                                         "file:///etc/passwd",
                                         "gopher://127.0.0.1:6379/_x",
                                         "http://user@127.0.0.1/",
                                         "http://user:pass@127.0.0.1/",
                                         "http://@127.0.0.1/",
                                         "http://127.0.0.1/#fragment",
                                         "http://127.0.0.1/#",
                                         "http://127.0.0.1:0/",
                                         "http://127.0.0.1:65536/",
                                         "http://127.0.0.1/a b",
                                         "http://127.0.0.1/\r\nX: y",
                                         std::string("http://127.0.0.1/\0", 18),
                                         "http://127.0.0.1\\@shop.example/",
                                         "http://1.2.3.4.5/",
                                         "http://[::1%25lo]/",
                                         "http://%31/"};
  for (const std::string& url : urls) {
    const OutgoingAnswer answer = Ask(client, url);
    INFO(url);
    CHECK(ErrorOf(answer) == "refused_target");
    CHECK_FALSE(answer.detail.empty());
    CHECK(answer.detail.find("pass@") == std::string::npos);
  }
  CHECK(watch.Connects().empty());
  CHECK(names.Asked().empty());
}

TEST_CASE("a header that is more than one line, or no header, is never sent") {
  const ConnectWatch watch;
  LoopbackServer server(Answering(Answer(200)));
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  const std::vector<std::pair<std::string, std::string>> headers = {
      {"X", "a\r\nInjected: 1"},
      {"X", "a\nInjected: 1"},
      {"X", "a\r"},
      {"X", std::string("a\0b", 3)},
      {"X\r\nInjected", "1"},
      {"X\nInjected", "1"},
      {"X: a", "b"},
      {"X y", "b"},
      {"", "b"},
      {std::string("X\0", 2), "b"},
      {"X;", ""},
      {"X", "\x7F"},
  };
  for (const auto& header : headers) {
    OutgoingCall call = CallTo(server.Url());
    call.headers = {{"Good", "1"}, header};
    INFO(header.first << " / " << header.second);
    CHECK(ErrorOf(Ask(client, std::move(call))) == "refused_target");
  }
  CHECK(watch.Connects().empty());
}

TEST_CASE("the gateway's own addresses are refused, although loopback is allowed") {
  LoopbackServer own(Answering(Answer(200)), "0.0.0.0");
  LoopbackServer other(Answering(Answer(200)), "0.0.0.0");
  struct Row {
    std::string listening;
    std::vector<std::string> refused, called;
  };
  const std::vector<Row> rows = {
      {"127.0.0.1", {"127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]", "shop.example"}, {"127.0.0.2"}},
      {"::ffff:127.0.0.1", {"127.0.0.1"}, {"127.0.0.2"}},
      {"::1", {"[::1]", "localhost"}, {"127.0.0.1", "shop.example"}},
      {"0.0.0.0", {"127.0.0.1", "127.200.0.1", "[::1]", "localhost", "shop.example"}, {}},
      {"::", {"127.0.0.1", "127.200.0.1", "[::1]", "localhost", "shop.example"}, {}},
  };
  for (const Row& row : rows) {
    NameTable names;
    names.Add("shop.example", {"127.0.0.1"});
    HttpClientOptions options = LoopbackOptions();
    options.own_addresses = {{Ip("192.0.2.1"), own.port()}, {Ip(row.listening), own.port()}};
    HttpClient client(options, names.Resolver());
    INFO(row.listening);
    for (const std::string& host : row.refused) {
      const ConnectWatch watch;
      const OutgoingAnswer answer = Ask(client, own.Url(host));
      INFO(host);
      CHECK(ErrorOf(answer) == "refused_target");
      CHECK(answer.detail == "own address");
      CHECK(watch.Connects().empty());
    }
    for (const std::string& host : row.called) {
      INFO(host);
      CHECK(Ask(client, own.Url(host)).status == 200);
    }
    CHECK(Ask(client, other.Url("shop.example")).status == 200);
  }
}

TEST_CASE("where everything is allowed, own addresses are not asked for") {
  LoopbackServer own(Answering(Answer(200)));
  HttpClientOptions options;
  options.policy.allow_private = true;
  options.own_addresses = {{Ip("127.0.0.1"), own.port()}, {Ip("0.0.0.0"), own.port()}};
  HttpClient client(options, NameTable().Resolver());
  CHECK(Ask(client, own.Url()).status == 200);
}

}  // namespace
}  // namespace multihub::testing
