#include "multihub/net/http_client.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/free_port.h"
#include "support/proxies.h"
#include "support/temp_dir.h"
#include "unit/net/http_client_fixture.h"
#include "unit/net/loopback_server_fixture.h"

namespace multihub::testing {
namespace {

using net::CallError;
using net::HttpClient;
using net::OutgoingAnswer;
using net::OutgoingCall;

// What a server was sent, in order.
class Requests {
 public:
  void Add(std::string request) {
    const std::lock_guard lock(shared_->mutex);
    shared_->all.push_back(std::move(request));
  }
  std::vector<std::string> All() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->all;
  }

 private:
  struct Shared {
    std::mutex mutex;
    std::vector<std::string> all;
  };
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

LoopbackServer::Handler Recording(Requests requests, const std::string& answer) {
  return [requests, answer](Peer& peer) mutable {
    while (auto request = peer.ReadRequest()) {
      requests.Add(*request);
      if (!peer.Send(answer)) return;
    }
  };
}

// The bytes, after the request has come, and then a close.
LoopbackServer::Handler SayingOnce(const std::string& bytes) {
  return [bytes](Peer& peer) {
    if (peer.ReadRequest().has_value()) peer.Send(bytes);
  };
}

// What a server for plain HTTP says to a handshake.
LoopbackServer::Handler NotSpeakingTls() {
  return [](Peer& peer) {
    peer.Send(Answer(400));
    peer.WaitForClose();
  };
}

std::multiset<std::string> LinesOf(const std::string& head) {
  std::multiset<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = head.find("\r\n"); end != std::string::npos; end = head.find("\r\n", begin)) {
    lines.insert(head.substr(begin, end - begin));
    begin = end + 2;
  }
  return lines;
}

// ---- what is sent -------------------------------------------------------------------------------------------------

TEST_CASE("a POST arrives byte for byte, with the given headers and four more") {
  Requests requests;
  LoopbackServer server(Recording(requests, Answer(200)));
  NameTable names;
  names.Add("shop.example", {"127.0.0.1"});
  HttpClient client(LoopbackOptions(), names.Resolver());

  const std::string port = std::to_string(server.port());
  OutgoingCall call = CallTo("http://Shop.example:" + port + "/a/../b//%7e?x=1+2&y=%20");
  for (int byte = 0; byte < 256; ++byte) call.body += static_cast<char>(byte);
  call.headers = {{"Content-Type", "application/json"},
                  {"X-Data-Hash", "abc=="},
                  {"webhook-id", "pay_1:done"},
                  {"X-Empty", ""},
                  {"X-Tab", "a\tb"}};
  const std::string body = call.body;
  CHECK(Ask(client, std::move(call)).status == 200);

  REQUIRE(requests.All().size() == 1);
  const std::string request = requests.All()[0];
  const std::size_t head_end = request.find("\r\n\r\n");
  CHECK(request.substr(head_end + 4) == body);
  CHECK(LinesOf(request.substr(0, head_end + 2)) ==
        std::multiset<std::string>{"POST /a/../b//%7e?x=1+2&y=%20 HTTP/1.1", "Host: Shop.example:" + port,
                                   "User-Agent: multihub", "Accept: */*", "Content-Type: application/json",
                                   "X-Data-Hash: abc==", "webhook-id: pay_1:done", "X-Empty:", "X-Tab: a\tb",
                                   "Content-Length: " + std::to_string(body.size())});
}

TEST_CASE("an empty body is a POST of no bytes, and no header is made up for it") {
  Requests requests;
  LoopbackServer server(Recording(requests, Answer(204)));
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  CHECK(Ask(client, CallTo(server.Url(), "")).status == 204);
  REQUIRE(requests.All().size() == 1);
  CHECK(LinesOf(requests.All()[0]) ==
        std::multiset<std::string>{"POST /hook HTTP/1.1", "Host: 127.0.0.1:" + std::to_string(server.port()),
                                   "User-Agent: multihub", "Accept: */*", "Content-Length: 0", ""});
}

TEST_CASE("a large body is sent without asking first") {
  Requests requests;
  LoopbackServer server(Recording(requests, Answer(200)));
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  const std::string body(3 * 1024 * 1024, 'x');
  CHECK(Ask(client, CallTo(server.Url(), body)).status == 200);
  REQUIRE(requests.All().size() == 1);
  CHECK(requests.All()[0].find("Expect") == std::string::npos);
  CHECK(requests.All()[0].size() > body.size());
}

TEST_CASE("a handle used again carries nothing over from the call before") {
  Requests requests;
  LoopbackServer server(Recording(requests, Answer(429, "slow", "Retry-After: 7\r\n")));
  LoopbackServer plain(Answering(Answer(200)));
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  OutgoingCall first = CallTo(server.Url(), "first body");
  first.headers = {{"X-First", "1"}};
  CHECK(Ask(client, std::move(first)).retry_after == "7");
  CHECK(Ask(client, CallTo(server.Url(), "2")).status == 429);
  REQUIRE(requests.All().size() == 2);
  CHECK(requests.All()[1].find("X-First") == std::string::npos);
  CHECK(requests.All()[1].substr(requests.All()[1].find("\r\n\r\n")) == "\r\n\r\n2");
  const OutgoingAnswer answer = Ask(client, plain.Url());
  CHECK(answer.status == 200);
  CHECK(answer.body.empty());
  CHECK(answer.retry_after.empty());
}

TEST_CASE("proxies of the environment are not used") {
  LoopbackServer proxy(Answering(Answer(200, "from the proxy")));
  LoopbackServer server(Answering(Answer(200, "from the server")));
  LoopbackServer no_tls(NotSpeakingTls());
  const std::string url = "http://127.0.0.1:" + std::to_string(proxy.port());
  const std::vector<const char*> variables = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
  for (const char* variable : variables) REQUIRE(setenv(variable, url.c_str(), 1) == 0);
  {
    HttpClient client(LoopbackOptions(), NameTable().Resolver());
    CHECK(Ask(client, server.Url()).body == "from the server");
    CHECK(ErrorOf(Ask(client, "https" + no_tls.Url().substr(4))) == "tls");
  }
  for (const char* variable : variables) unsetenv(variable);
  CHECK(proxy.accepted() == 0);
}

// ---- what comes back ----------------------------------------------------------------------------------------------

TEST_CASE("every status is an answer") {
  for (const int status : {200, 201, 202, 400, 401, 404, 407, 410, 429, 500, 503, 599}) {
    LoopbackServer server(Answering(Answer(status, "said")));
    HttpClient client(LoopbackOptions(), NameTable().Resolver());
    const OutgoingAnswer answer = Ask(client, server.Url());
    INFO(status);
    CHECK(ErrorOf(answer).empty());
    CHECK(answer.status == status);
    CHECK(answer.body == "said");
    CHECK(answer.detail.empty());
  }
}

TEST_CASE("a redirect is an answer and is not followed") {
  for (const int status : {301, 302, 303, 307, 308}) {
    Requests requests;
    LoopbackServer elsewhere(Answering(Answer(200)));
    LoopbackServer server(Recording(requests, Answer(status, "", "Location: " + elsewhere.Url() + "\r\n")));
    HttpClient client(LoopbackOptions(), NameTable().Resolver());
    const OutgoingAnswer answer = Ask(client, server.Url());
    INFO(status);
    CHECK(ErrorOf(answer).empty());
    CHECK(answer.status == status);
    CHECK(requests.All().size() == 1);
    CHECK(elsewhere.accepted() == 0);
  }
}

TEST_CASE("Retry-After is handed on, trimmed") {
  struct Row {
    std::string headers, expected;
  };
  const std::vector<Row> rows = {
      {"", ""},
      {"Retry-After: 120\r\n", "120"},
      {"retry-after:  \t 120 \t \r\n", "120"},
      {"RETRY-AFTER: Fri, 31 Dec 1999 23:59:59 GMT\r\n", "Fri, 31 Dec 1999 23:59:59 GMT"},
      {"Retry-After:\r\n", ""},
      {"Retry-After: 1\r\nRetry-After: 2\r\n", "1"},
      {"X-Retry-After: 1\r\nRetry-After-All: 2\r\n", ""},
      {"Retry-After: " + std::string(5000, '1') + "\r\n", ""},
  };
  for (const Row& row : rows) {
    LoopbackServer server(Answering(Answer(503, "", row.headers)));
    HttpClient client(LoopbackOptions(), NameTable().Resolver());
    INFO(row.headers.substr(0, 100));
    CHECK(Ask(client, server.Url()).retry_after == row.expected);
  }
}

TEST_CASE("only the final answer counts, not what came before it") {
  LoopbackServer server(SayingOnce("HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" +
                                   Answer(500, "final")));
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  const OutgoingAnswer answer = Ask(client, server.Url());
  CHECK(answer.status == 500);
  CHECK(answer.body == "final");
  CHECK(answer.retry_after.empty());
}

TEST_CASE("an answer may come in single bytes, in chunks, or end with the connection") {
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n";
  const std::vector<std::string> answers = {Answer(200, "abcde", "X: y\r\n"), chunked, "HTTP/1.0 200 OK\r\n\r\nabcde"};
  for (const std::string& bytes : answers) {
    LoopbackServer server([&](Peer& peer) {
      if (peer.ReadRequest().has_value()) peer.SendByteByByte(bytes);
    });
    HttpClient client(LoopbackOptions(), NameTable().Resolver());
    const OutgoingAnswer answer = Ask(client, server.Url());
    INFO(bytes);
    CHECK(ErrorOf(answer).empty());
    CHECK(answer.status == 200);
    CHECK(answer.body == "abcde");
  }
}

TEST_CASE("of a body the first bytes are kept, and it is read to its end while it is not too long") {
  LoopbackServer server(Answering(Answer(200, std::string(100, 'a') + std::string(900, 'b'))));
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  for (int i = 0; i < 2; ++i) {
    OutgoingCall call = CallTo(server.Url());
    call.max_read_bytes = 1000;
    call.max_kept_bytes = 101;
    const OutgoingAnswer answer = Ask(client, std::move(call));
    CHECK(ErrorOf(answer).empty());
    CHECK(answer.body == std::string(100, 'a') + "b");
  }
  CHECK(server.accepted() == 1);
}

TEST_CASE("a body that is too long is an answer, and closes the connection") {
  const std::string chunk = "400\r\n" + std::string(1024, 'x') + "\r\n";
  struct Row {
    std::string name, head, piece;
  };
  const std::vector<Row> rows = {
      {"one byte too long", "HTTP/1.1 201 Made\r\nContent-Length: 1001\r\n\r\n", std::string(1001, 'x')},
      {"endless to the close", "HTTP/1.1 201 Made\r\n\r\n", std::string(1024, 'x')},
      {"endless in chunks", "HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n", chunk},
      {"endless by its length", "HTTP/1.1 201 Made\r\nContent-Length: 99999999999999\r\n\r\n", std::string(1024, 'x')},
  };
  for (const Row& row : rows) {
    Gate closed;
    LoopbackServer server([&](Peer& peer) {
      if (!peer.ReadRequest().has_value() || !peer.Send(row.head)) return;
      const bool endless = row.name != "one byte too long";
      while (peer.Send(row.piece) && endless) {
      }
      if (peer.WaitForClose()) closed.Open();
    });
    HttpClient client(LoopbackOptions(), NameTable().Resolver());
    OutgoingCall call = CallTo(server.Url());
    call.max_read_bytes = 1000;
    call.max_kept_bytes = 10;
    const OutgoingAnswer answer = Ask(client, std::move(call));
    INFO(row.name);
    CHECK(ErrorOf(answer).empty());
    CHECK(answer.status == 201);
    CHECK(answer.body == std::string(10, 'x'));
    CHECK(closed.WaitGuarded());
  }
}

// ---- what goes wrong ----------------------------------------------------------------------------------------------

TEST_CASE("a server that is silent, or dribbles for ever, is left at the end of the time") {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
  struct Row {
    std::string name;
    std::string url_scheme;
    LoopbackServer::Handler handler;
  };
  const auto dribble = [](Peer& peer, const std::string& first, const std::string& piece) {
    if (!peer.ReadRequest().has_value() || !peer.Send(first)) return;
    while (!peer.WaitForClose(5) && peer.Send(piece)) {
    }
  };
  const std::vector<Row> rows = {
      {"silent", "http", [](Peer& peer) { peer.WaitForClose(); }},
      {"silent in the handshake", "https", [](Peer& peer) { peer.WaitForClose(); }},
      {"silent after the headers", "http", [&](Peer& peer) { dribble(peer, head, ""); }},
      {"a byte at a time", "http", [&](Peer& peer) { dribble(peer, head, "x"); }},
      {"headers for ever", "http", [&](Peer& peer) { dribble(peer, "HTTP/1.1 200 OK\r\n", "A: b\r\n"); }},
      {"continue for ever", "http", [&](Peer& peer) { dribble(peer, "", "HTTP/1.1 100 Continue\r\n\r\n"); }},
  };
  for (const Row& row : rows) {
    LoopbackServer server(row.handler);
    HttpClient client(LoopbackOptions(), NameTable().Resolver());
    OutgoingCall call = CallTo(row.url_scheme + server.Url().substr(4));
    call.timeout_ms = 150;
    const OutgoingAnswer answer = Ask(client, std::move(call));
    INFO(row.name);
    CHECK(ErrorOf(answer) == "timeout");
    CHECK(answer.status == 0);
    CHECK(answer.body.empty());
    CHECK(answer.duration_ms >= 149);
  }
}

TEST_CASE("the time to connect ends a handshake, the time of the call being far from over") {
  LoopbackServer server([](Peer& peer) { peer.WaitForClose(); });
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  OutgoingCall call = CallTo("https" + server.Url().substr(4));
  call.timeout_ms = 1000 * 60 * 60;
  call.connect_timeout_ms = 100;
  CHECK(ErrorOf(Ask(client, std::move(call))) == "timeout");
}

TEST_CASE("a call without time ends, and one with too much of it is made") {
  LoopbackServer server(Answering(Answer(200)));
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  for (const std::int64_t none : {std::int64_t{0}, std::int64_t{-5}, std::numeric_limits<std::int64_t>::min() / 2000}) {
    OutgoingCall call = CallTo(server.Url());
    call.timeout_ms = none;
    CHECK(ErrorOf(Ask(client, std::move(call))) == "timeout");
  }
  CHECK(server.accepted() == 0);
  OutgoingCall call = CallTo(server.Url());
  call.timeout_ms = std::numeric_limits<std::int64_t>::max();
  call.connect_timeout_ms = std::numeric_limits<std::int64_t>::max();
  CHECK(Ask(client, std::move(call)).status == 200);
}

TEST_CASE("a refused connection is a connect error") {
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  const OutgoingAnswer answer = Ask(client, "http://127.0.0.1:" + std::to_string(support::FreePort()));
  CHECK(ErrorOf(answer) == "connect");
  CHECK(answer.status == 0);
  CHECK_FALSE(answer.detail.empty());
}

TEST_CASE("what is no HTTP answer is a network error") {
  struct Row {
    std::string name, bytes;
  };
  const std::vector<Row> rows = {
      {"nothing", ""},
      {"garbage", "\x01\x02\xFF garbage\r\n\r\n more of it"},
      {"a page as HTTP/0.9 sends it", "<html>hello</html>"},
      {"another protocol", "220 mail.example ESMTP\r\n"},
      {"half a status line", "HTTP/1.1 20"},
      {"half a head", "HTTP/1.1 200 OK\r\nContent-Le"},
      {"a head without its last line", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"},
      {"only a status line", "HTTP/1.1 200 OK\r\n"},
      {"only an interim answer", "HTTP/1.1 103 Early Hints\r\n\r\n"},
      {"another protocol from here on", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nabc"},
      {"half a head after an interim answer", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: "},
      {"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"},
      {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"},
      {"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"},
      {"a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nab"},
      {"a bad length", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nab"},
      {"a head without an end", "HTTP/1.1 200 OK\r\nX: " + std::string(1024 * 1024, 'x')},
  };
  for (const Row& row : rows) {
    LoopbackServer server(SayingOnce(row.bytes));
    HttpClient client(LoopbackOptions(), NameTable().Resolver());
    const OutgoingAnswer answer = Ask(client, server.Url());
    INFO(row.name);
    CHECK(ErrorOf(answer) == "network");
    CHECK(answer.status == 0);
    CHECK(answer.body.empty());
    CHECK(answer.detail.find("half") == std::string::npos);
  }
}

TEST_CASE("plain text where TLS was meant is a TLS error") {
  LoopbackServer server(NotSpeakingTls());
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  CHECK(ErrorOf(Ask(client, "https" + server.Url().substr(4))) == "tls");
}

// shop.example over TLS, with a certificate that vouches for itself; what is behind it.
class TlsShop {
 public:
  const std::string& certificate() const { return files_.certificate; }
  const Requests& requests() const { return requests_; }
  std::string Url(const std::string& host) const { return "https://" + host + ":" + std::to_string(tls_.port()); }
  static net::Resolver Resolver() {
    NameTable names;
    for (const char* name : {"shop.example", "other.example"}) names.Add(name, {"127.0.0.1"});
    return names.Resolver();
  }

 private:
  const support::TempDir dir_;
  const support::TlsFiles files_ = support::MakeSelfSigned(dir_, "shop.example");
  Requests requests_;
  LoopbackServer server_{Recording(requests_, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok")};
  const support::NginxProxy tls_{server_.port(), files_};
};

TEST_CASE("a certificate nobody vouches for is a TLS error, and nothing is told") {
  const TlsShop shop;
  HttpClient client(LoopbackOptions(), TlsShop::Resolver());
  CHECK(ErrorOf(Ask(client, shop.Url("shop.example"))) == "tls");
  CHECK(shop.requests().All().empty());
}

TEST_CASE("over TLS the server that the certificate names is told, and no other") {
  const TlsShop shop;
  net::HttpClientOptions options = LoopbackOptions();
  options.ca_file = shop.certificate();
  HttpClient client(options, TlsShop::Resolver());
  CHECK(ErrorOf(Ask(client, shop.Url("other.example"))) == "tls");
  CHECK(ErrorOf(Ask(client, shop.Url("127.0.0.1"))) == "tls");
  CHECK(shop.requests().All().empty());
  const OutgoingAnswer answer = Ask(client, shop.Url("shop.example"));
  CHECK(ErrorOf(answer).empty());
  CHECK(answer.status == 202);
  CHECK(answer.body == "ok");
  CHECK(shop.requests().All().size() == 1);
}

TEST_CASE("authorities that cannot be read vouch for nobody") {
  const TlsShop shop;
  net::HttpClientOptions options = LoopbackOptions();
  options.ca_file = shop.certificate() + ".gone";
  HttpClient client(options, TlsShop::Resolver());
  CHECK(ErrorOf(Ask(client, shop.Url("shop.example"))) == "tls");
}

TEST_CASE("the names of errors are those that are stored") {
  CHECK(NameOf(CallError::kNone).empty());
  CHECK(NameOf(CallError::kRefusedTarget) == "refused_target");
  CHECK(NameOf(CallError::kResolve) == "resolve");
  CHECK(NameOf(CallError::kConnect) == "connect");
  CHECK(NameOf(CallError::kTls) == "tls");
  CHECK(NameOf(CallError::kTimeout) == "timeout");
  CHECK(NameOf(CallError::kNetwork) == "network");
}

// ---- many at once -------------------------------------------------------------------------------------------------

TEST_CASE("three hundred calls at once are all under way together") {
  constexpr int kCalls = 300;
  std::mutex mutex;
  std::condition_variable all_here;
  int here = 0;
  LoopbackServer server([&](Peer& peer) {
    if (!peer.ReadRequest().has_value()) return;
    std::unique_lock lock(mutex);
    if (++here == kCalls) all_here.notify_all();
    const bool together = all_here.wait_for(lock, kHangGuard, [&] { return here == kCalls; });
    lock.unlock();
    peer.Send(Answer(together ? 200 : 500));
  });
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  std::vector<std::future<OutgoingAnswer>> futures;
  for (int i = 0; i < kCalls; ++i) {
    OutgoingCall call = CallTo(server.Url());
    call.timeout_ms = 2 * 1000 * std::chrono::seconds(kHangGuard).count();
    call.connect_timeout_ms = call.timeout_ms;
    futures.push_back(Start(client, std::move(call)));
  }
  for (auto& future : futures) CHECK(Await(std::move(future)).status == 200);
}

TEST_CASE("calls may be sent from many threads") {
  constexpr int kThreads = 4;
  constexpr int kCalls = 50;
  LoopbackServer server(Answering(Answer(200, "here")));
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kCalls; ++i) {
        if (Start(client, CallTo(server.Url())).get().body == "here") ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == kThreads * kCalls);
}

TEST_CASE("the end of a call may send the next") {
  LoopbackServer server(Answering(Answer(200)));
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  std::promise<std::thread::id> last;
  std::set<std::thread::id> threads;
  int left = 20;
  std::function<void(OutgoingAnswer)> next = [&](OutgoingAnswer answer) {
    threads.insert(std::this_thread::get_id());
    if (answer.status != 200 || --left == 0) return last.set_value(std::this_thread::get_id());
    client.Send(CallTo(server.Url()), next);
  };
  client.Send(CallTo(server.Url()), next);
  auto ended = last.get_future();
  REQUIRE(ended.wait_for(kHangGuard) == std::future_status::ready);
  CHECK(left == 0);
  CHECK(threads == std::set<std::thread::id>{ended.get()});
  CHECK(threads.count(std::this_thread::get_id()) == 0);
}

// ---- kept connections ---------------------------------------------------------------------------------------------

TEST_CASE("a connection is used again for the same origin and addresses") {
  LoopbackServer server(Answering(Answer(200)));
  NameTable names;
  names.Add("shop.example",
            std::vector<std::vector<base::IpAddress>>{Ips({"127.0.0.1", "127.0.0.2"}), Ips({"127.0.0.2", "127.0.0.1"}),
                                                      Ips({"::ffff:127.0.0.1", "127.0.0.2"})});
  HttpClient client(LoopbackOptions(), names.Resolver());
  for (int i = 0; i < 3; ++i) CHECK(Ask(client, server.Url("shop.example")).status == 200);
  CHECK(server.accepted() == 1);
  CHECK(names.Asked().size() == 3);
  CHECK(Ask(client, server.Url("SHOP.example")).status == 200);
  CHECK(server.accepted() == 1);
}

TEST_CASE("a connection is not used again when the name now stands for another address") {
  LoopbackServer server(
      [](Peer& peer) {
        while (peer.ReadRequest().has_value()) peer.Send(Answer(200, peer.LocalAddress()));
      },
      "0.0.0.0");
  NameTable names;
  names.Add("shop.example", std::vector<std::vector<base::IpAddress>>{Ips({"127.0.0.1"}), Ips({"127.0.0.2"}),
                                                                      Ips({"127.0.0.1"}), Ips({"127.0.0.3"})});
  HttpClient client(LoopbackOptions(), names.Resolver());
  CHECK(Ask(client, server.Url("shop.example")).body == "127.0.0.1");
  CHECK(Ask(client, server.Url("shop.example")).body == "127.0.0.2");
  CHECK(server.accepted() == 2);
  CHECK(Ask(client, server.Url("shop.example")).body == "127.0.0.1");
  CHECK(server.accepted() == 2);
  CHECK(Ask(client, server.Url("shop.example")).body == "127.0.0.3");
  CHECK(server.accepted() == 3);
}

TEST_CASE("two names with one address do not share a connection") {
  LoopbackServer server(Answering(Answer(200)));
  NameTable names;
  names.Add("one.example", {"127.0.0.1"});
  names.Add("two.example", {"127.0.0.1"});
  HttpClient client(LoopbackOptions(), names.Resolver());
  CHECK(Ask(client, server.Url("one.example")).status == 200);
  CHECK(Ask(client, server.Url("two.example")).status == 200);
  CHECK(server.accepted() == 2);
}

TEST_CASE("a kept connection that the server closed costs a new one, and no error") {
  LoopbackServer server(SayingOnce(Answer(200)));
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  for (int i = 0; i < 5; ++i) CHECK(Ask(client, server.Url()).status == 200);
  CHECK(server.accepted() >= 5);
}

TEST_CASE("a kept connection that closes on the second request is replaced by a new one") {
  std::atomic<int> connections{0};
  LoopbackServer server([&](Peer& peer) {
    const bool first = ++connections == 1;
    if (!peer.ReadRequest().has_value() || !peer.Send(Answer(200))) return;
    if (peer.ReadRequest().has_value() && !first) peer.Send(Answer(201));
  });
  HttpClient client(LoopbackOptions(), NameTable().Resolver());
  CHECK(Ask(client, server.Url()).status == 200);
  CHECK(Ask(client, server.Url()).status == 200);
  CHECK(server.accepted() == 2);
  CHECK(Ask(client, server.Url()).status == 201);
  CHECK(server.accepted() == 2);
}

TEST_CASE("without idle connections every call has its own") {
  LoopbackServer server(Answering(Answer(200)));
  net::HttpClientOptions options = LoopbackOptions();
  options.max_idle_connections = 0;
  HttpClient client(options, NameTable().Resolver());
  for (int i = 0; i < 3; ++i) CHECK(Ask(client, server.Url()).status == 200);
  CHECK(server.accepted() == 3);
}

TEST_CASE("no more connections are kept than were asked for") {
  LoopbackServer one(Answering(Answer(200)));
  LoopbackServer two(Answering(Answer(200)));
  net::HttpClientOptions options = LoopbackOptions();
  options.max_idle_connections = 1;
  HttpClient client(options, NameTable().Resolver());
  for (const std::string& url : {one.Url(), two.Url(), one.Url(), two.Url()}) CHECK(Ask(client, url).status == 200);
  // Which of the two is kept is open when both were used in the same millisecond.
  CHECK(one.accepted() + two.accepted() >= 3);
}

TEST_CASE("the addresses are tried until one takes the connection") {
  const ConnectWatch watch;
  LoopbackServer server(Answering(Answer(200)), "127.0.0.3");
  NameTable names;
  names.Add("shop.example", {"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"});
  HttpClient client(LoopbackOptions(), names.Resolver());
  CHECK(Ask(client, server.Url("shop.example")).status == 200);
  const std::string port = ":" + std::to_string(server.port());
  CHECK(watch.Connects() == std::vector<std::string>{"127.0.0.1" + port, "127.0.0.2" + port, "127.0.0.3" + port});
}

}  // namespace
}  // namespace multihub::testing
