// deploy/nginx, deploy/haproxy and the HAProxy of deploy/compose: these very files, with other ports, names and paths,
// in front of a real gateway.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <optional>

#include "deployment/replaced_text.h"
#include "support/cli_runs.h"
#include "support/free_port.h"
#include "support/gateway_process.h"
#include "support/json.h"
#include "support/mariadb_server.h"
#include "support/proxies.h"
#include "support/signed_client.h"
#include "support/webhook_receiver.h"

namespace multihub::deployment {
namespace {

using functional::Contains;
using functional::Eventually;
using nlohmann::json;
using support::ChildProcess;
using support::GatewayProcess;
using support::MariadbServer;
using support::TempDir;

const char* const kName = "pay.example.com";
const char* const kApi = "/public/api/multihub/v1";

std::string Address(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

std::string DeployFile(const std::string& name) {
  return support::ReadFile(std::string(MULTIHUB_SOURCE_DIR) + "/deploy/" + name);
}

support::SpawnOptions Program(std::vector<std::string> argv) {
  support::SpawnOptions program;
  program.argv = std::move(argv);
  // Debian keeps both proxies outside of an ordinary user's PATH.
  program.env["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return program;
}

// A proxy that was started with one of the files, and clients of it that trust its certificate.
class Proxy {
 public:
  std::uint16_t port() const { return port_; }
  ChildProcess& process() { return *process_; }

  struct Reply {
    int curl_exit = -1;
    int status = 0;
    std::string headers, body;
    json document;
  };
  // POST of `body` by curl, with these options besides.
  Reply Post(const std::string& body, std::vector<std::string> options, const std::string& name = kName) const {
    support::WriteFile(dir_.File("body"), body);
    std::vector<std::string> argv = {"curl",
                                     "-sS",
                                     "--cacert",
                                     certificate_.certificate,
                                     "--resolve",
                                     name + ":" + std::to_string(port_) + ":127.0.0.1",
                                     "-D",
                                     dir_.File("headers"),
                                     "-o",
                                     dir_.File("answer"),
                                     "-w",
                                     "%{http_code}",
                                     "-H",
                                     "Content-Type: application/json",
                                     "--data-binary",
                                     "@" + dir_.File("body")};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back("https://" + name + ":" + std::to_string(port_) + kApi);
    const support::RunResult run = support::Run(Program(std::move(argv)));
    Reply reply;
    reply.curl_exit = run.exit_code;
    if (run.exit_code != 0) return reply;
    reply.status = std::stoi(run.out);
    reply.headers = support::ReadFile(dir_.File("headers"));
    reply.body = support::ReadFile(dir_.File("answer"));
    reply.document = json::parse(reply.body, nullptr, false);
    return reply;
  }
  // As application 1 of the sandbox.
  Reply Call(const std::string& body, std::vector<std::string> options = {}) const {
    options.insert(options.end(), {"-H", "X-Data-Application-Id: 1", "-H",
                                   "X-Data-Hash: " + support::Sign(body, support::SandboxSecret(1))});
    return Post(body, std::move(options));
  }

 protected:
  Proxy() : certificate_(support::MakeSelfSigned(dir_, kName)), port_(support::FreePort()) {}

  // Checks the configuration with the proxy's own words, which must hold no warning, then starts it.
  void Start(std::vector<std::string> check, std::vector<std::string> run) {
    const support::RunResult checked = support::Run(Program(std::move(check)));
    INFO(checked.err << checked.out);
    REQUIRE(checked.exit_code == 0);
    CHECK_FALSE(Contains(checked.err + checked.out, "[warn]"));
    CHECK_FALSE(Contains(checked.err + checked.out, "[WARNING]"));
    process_ = std::make_unique<ChildProcess>(Program(std::move(run)));
    const bool listens = support::WaitForPort(port_, std::chrono::minutes(1));
    INFO(process_->Output(support::Stream::kStderr));
    REQUIRE(listens);
    REQUIRE(process_->running());
  }

  TempDir dir_;
  support::TlsFiles certificate_;
  std::uint16_t port_;

 private:
  std::unique_ptr<ChildProcess> process_;
};

class Nginx : public Proxy {
 public:
  explicit Nginx(std::uint16_t gateway_port) {
    std::string site = DeployFile("nginx/multihub.conf");
    site = Replaced(site, "listen 443 ", "listen " + Address(port_) + " ");
    site = Replaced(site, "/etc/multihub/tls/fullchain.pem", certificate_.certificate);
    site = Replaced(site, "/etc/multihub/tls/privkey.pem", certificate_.key);
    site = Replaced(site, "127.0.0.1:8080", Address(gateway_port));
    site = Replaced(site, "/var/log/nginx/multihub.log", dir_.File("access.log"));
    support::WriteFile(dir_.File("multihub.conf"), site);
    // One process: a killed master would leave its workers behind.
    std::string main = "daemon off;\nmaster_process off;\nerror_log stderr error;\n";
    main += "pid " + dir_.File("nginx.pid") + ";\nevents { worker_connections 1024; }\nhttp {\n";
    for (const char* name : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      main += std::string("  ") + name + "_temp_path " + dir_.File(name) + ";\n";
    }
    main += "  include " + dir_.File("multihub.conf") + ";\n}\n";
    support::WriteFile(dir_.File("nginx.conf"), main);
    const std::vector<std::string> words = {"nginx", "-p", dir_.path(), "-e", "stderr", "-c", dir_.File("nginx.conf")};
    std::vector<std::string> check = words;
    check.push_back("-t");
    Start(check, words);
  }
};

// What is one machine's in a configuration of HAProxy.
struct HaproxySite {
  std::string file;
  std::vector<std::pair<std::string, std::string>> replaced;
};

class Haproxy : public Proxy {
 public:
  explicit Haproxy(const HaproxySite& site) {
    std::string config = DeployFile(site.file);
    config = Replaced(config, "bind :443 ", "bind " + Address(port_) + " ");
    config = Replaced(config, "/etc/multihub/tls/pay.example.com.pem", dir_.File("both.pem"));
    // Descriptors for that many are the service's to give.
    config = Replaced(config, "maxconn 16384", "maxconn 1024");
    for (const auto& [from, to] : site.replaced) config = Replaced(config, from, to);
    // Nobody but root can become somebody else.
    if (::geteuid() != 0 && Contains(config, "  user haproxy\n  group haproxy\n")) {
      config = Replaced(config, "  user haproxy\n  group haproxy\n", "");
    }
    support::WriteFile(dir_.File("both.pem"),
                       support::ReadFile(certificate_.certificate) + support::ReadFile(certificate_.key));
    support::WriteFile(dir_.File("haproxy.cfg"), config);
    Start({"haproxy", "-c", "-f", dir_.File("haproxy.cfg")}, {"haproxy", "-db", "-f", dir_.File("haproxy.cfg")});
  }
};

HaproxySite PlainHaproxy(std::uint16_t port, std::uint16_t ops_port) {
  return {"haproxy/haproxy.cfg", {{"127.0.0.1:8080 port 9090", Address(port) + " port " + std::to_string(ops_port)}}};
}

std::string Deposit(const std::string& c_id, const std::string& filling = "") {
  // Not as a serialiser would write it: whoever writes it anew breaks the signature.
  return R"({ "method" : "payment.in", "service_id": 14702,  "params":{"payment":{"payer":{"name":"Zo\u00eb )"
         "\xe2\x82\xac"
         R"("},"amount":{"value":5e3,"currency":"INR"},"identifiers":{"c_id":")" +
         c_id + R"("}}}, "filling":")" + filling + "\"}\n";
}

// A signed deposit, over each version of HTTP, whole and in chunks; answered with the gateway's own bytes.
void CheckSignedCalls(const Proxy& proxy) {
  const std::vector<std::string> ways[] = {
      {"--http1.1"}, {"--http2"}, {"--http1.1", "-H", "Transfer-Encoding: chunked"}, {"--http1.1", "--tls-max", "1.2"}};
  int number = 0;
  for (const auto& way : ways) {
    const Proxy::Reply reply = proxy.Call(Deposit("proxied-" + std::to_string(++number)), way);
    INFO(way.back() << ": " << reply.headers << reply.body);
    REQUIRE(reply.curl_exit == 0);
    CHECK(reply.status == 200);
    REQUIRE(reply.document.is_object());
    CHECK(reply.document["success"] == true);
    std::string headers = reply.headers;
    std::transform(headers.begin(), headers.end(), headers.begin(), [](unsigned char c) { return std::tolower(c); });
    CHECK(Contains(headers, "x-data-hash: " + support::Sign(reply.body, support::SandboxSecret(1))));
  }
}

void CheckProxyError(const Proxy::Reply& reply, int code) {
  INFO(reply.headers << reply.body);
  REQUIRE(reply.document.is_object());
  CHECK(reply.document["success"] == false);
  CHECK(reply.document["error"]["code"] == code);
  // The keys of the gateway's own refusals.
  for (const char* key : {"message", "details", "context"}) CHECK(reply.document["error"].contains(key));
  CHECK(reply.document["error"].size() == 4);
  CHECK_FALSE(reply.document["request_id"].get<std::string>().empty());
  CHECK(reply.document["processing_time"] == 0);
  CHECK(Contains(reply.headers, "application/json"));
}

void CheckLimits(const Proxy& proxy, int flood_status) {
  // What the gateway takes goes through; what is somewhat too large is refused by the gateway, by all its rules.
  const Proxy::Reply large = proxy.Call(Deposit("large", std::string(60'000, 'x')));
  CHECK(large.document["success"] == true);
  const Proxy::Reply over = proxy.Call(Deposit("over", std::string(70'000, 'x')));
  INFO(over.headers << over.body);
  CHECK(over.status == 400);
  CHECK(over.document["error"]["code"] == 1005);
  CHECK((Contains(over.headers, "X-Request-Id: ") || Contains(over.headers, "x-request-id: ")));
  // So is far too much, by whoever reads it, and the answer arrives.
  const Proxy::Reply flood = proxy.Call(Deposit("flood", std::string(300'000, 'x')));
  CHECK(flood.status == flood_status);
  CheckProxyError(flood, 1005);
}

void CheckTls(const Proxy& proxy) {
  // No certificate for another name, whatever the client would believe.
  constexpr int kHandshakeFailed = 35;
  CHECK(proxy.Post("{}", {"--insecure"}, "other.example.com").curl_exit == kHandshakeFailed);
  // Nor anything in the clear.
  support::SpawnOptions plain = Program(
      {"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", "http://" + Address(proxy.port()) + kApi});
  const support::RunResult answered = support::Run(plain);
  CHECK((answered.exit_code != 0 || answered.out == "400"));
}

// What a client may claim of itself.
const std::vector<std::string> kForged = {"-H", "X-Forwarded-For: 203.0.113.9", "-H", "X-Forwarded-Proto: http",
                                          "-H", "Forwarded: for=203.0.113.9"};

// Whatever the client claims, the gateway is told the address of the connection, once.
void CheckForwardedAddress(const Proxy& proxy, const support::WebhookReceiver& backend) {
  const Proxy::Reply reply = proxy.Call("{}", kForged);
  CHECK(reply.status == 200);
  std::optional<support::ReceivedRequest> call;
  for (const support::ReceivedRequest& request : backend.Received()) {
    if (request.path == kApi) call = request;
  }
  REQUIRE(call.has_value());
  CHECK(call->body == "{}");
  std::vector<std::string> seen;
  for (const auto& [name, value] : call->headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (lower.find("forwarded") != std::string::npos) seen.push_back(lower + "=" + value);
  }
  std::sort(seen.begin(), seen.end());
  CHECK(seen == std::vector<std::string>{"x-forwarded-for=127.0.0.1", "x-forwarded-proto=https"});
}

TEST_CASE("proxy: signed calls pass deploy/nginx over TLS, within its limits") {
  GatewayProcess gateway;
  const Nginx proxy(gateway.port());
  CheckSignedCalls(proxy);
  CheckLimits(proxy, 413);  // nginx itself
  CheckTls(proxy);
  gateway.Kill9();
  const Proxy::Reply reply = proxy.Call(Deposit("nobody"));
  CHECK(reply.status == 502);
  CheckProxyError(reply, 2000);
}

TEST_CASE("proxy: signed calls pass deploy/haproxy over TLS, within its limits") {
  GatewayProcess gateway;
  const Haproxy proxy(PlainHaproxy(gateway.port(), gateway.ops_port()));
  CheckSignedCalls(proxy);
  CheckLimits(proxy, 400);  // the gateway
  CheckTls(proxy);
  gateway.Kill9();
  const Proxy::Reply reply = proxy.Call(Deposit("nobody"));
  CHECK(reply.status == 503);
  CheckProxyError(reply, 2000);
}

TEST_CASE("proxy: both tell the gateway the client's address, and not what the client says of it") {
  const support::WebhookReceiver backend;
  CheckForwardedAddress(Nginx(backend.port()), backend);
  const support::WebhookReceiver another;
  CheckForwardedAddress(Haproxy(PlainHaproxy(another.port(), another.port())), another);
}

// The gateway believes the proxy, which is at 127.0.0.1; clients are elsewhere on the same machine.
support::GatewayOptions BehindProxy() {
  support::GatewayOptions options;
  options.env["MULTIHUB_HTTP_TRUSTED_PROXIES"] = "127.0.0.1";
  return options;
}

Proxy::Reply PingFrom(const Proxy& proxy, const std::string& address, std::vector<std::string> claims) {
  claims.insert(claims.end(), {"--interface", address});
  return proxy.Call(R"({"method":"gateway.ping"})", std::move(claims));
}

// By application 1, whose calls are taken from 127.0.0.2 only.
void CheckClientsAddress(const Proxy& proxy, GatewayProcess* gateway) {
  support::CliCall allow;
  allow.args = {"app", "allow-ip", "1", "127.0.0.2", "--database", gateway->database_url()};
  REQUIRE(support::RunCli(allow).exit_code == 0);
  REQUIRE(Eventually([&] { return PingFrom(proxy, "127.0.0.3", {}).document["success"] == false; }));
  const std::vector<std::string> claims[] = {{},
                                             {"-H", "X-Forwarded-For: 127.0.0.2"},
                                             {"-H", "X-Forwarded-For: 127.0.0.2, 127.0.0.1"},
                                             {"-H", "Forwarded: for=127.0.0.2"},
                                             {"-H", "Forwarded: for=127.0.0.2, for=127.0.0.1", "--http1.1"}};
  for (const auto& claim : claims) {
    const Proxy::Reply stranger = PingFrom(proxy, "127.0.0.3", claim);
    INFO((claim.empty() ? "" : claim[1]) << stranger.body);
    REQUIRE(stranger.document.is_object());
    CHECK(stranger.document["error"]["code"] == 3005);
    const Proxy::Reply friendly = PingFrom(proxy, "127.0.0.2", claim);
    INFO(friendly.body);
    CHECK(friendly.document["success"] == true);
  }
  const Proxy::Reply forged = PingFrom(proxy, "127.0.0.2", kForged);
  CHECK(forged.document["success"] == true);
  const auto in_log = [&](const std::string& address) {
    return Contains(gateway->log(), "\"address\":\"" + address + "\"");
  };
  CHECK(Eventually([&] { return in_log("127.0.0.3"); }));
  CHECK_FALSE(in_log("127.0.0.1"));
  CHECK_FALSE(in_log("127.0.0.2"));
  CHECK_FALSE(in_log("203.0.113.9"));
}

TEST_CASE("proxy: the gateway sees the client's address through deploy/nginx, and no client can claim another") {
  GatewayProcess gateway(BehindProxy());
  CheckClientsAddress(Nginx(gateway.port()), &gateway);
}

TEST_CASE("proxy: the gateway sees the client's address through deploy/haproxy, and no client can claim another") {
  GatewayProcess gateway(BehindProxy());
  CheckClientsAddress(Haproxy(PlainHaproxy(gateway.port(), gateway.ops_port())), &gateway);
}

// ---- the compose file's HAProxy -----------------------------------------------------------------------------------

// A database of the same name and account on two servers, where the compose file has members of a cluster.
class Members {
 public:
  Members() {
    const std::string accounts = DeployFile("compose/accounts.sql");
    for (MariadbServer* server : {&first, &second}) {
      server->Query(accounts);
      url_ = server->CreateDatabase("multihub_compose");
    }
  }
  // The same account, through another port.
  std::string UrlAt(std::uint16_t port) const { return Replaced(url_, Address(second.port()), Address(port)); }
  // Which server a new session at `port` gets to; 0: none.
  int PortOf(std::uint16_t port) const {
    const std::size_t begin = url_.find("//") + 2;
    const std::size_t colon = url_.find(':', begin);
    const std::size_t at = url_.rfind('@');
    const support::RunResult run =
        support::Run(Program({"mariadb", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1",
                              "--port=" + std::to_string(port), "--user=" + url_.substr(begin, colon - begin),
                              "--password=" + url_.substr(colon + 1, at - colon - 1), "-BNe", "SELECT @@port"}));
    return run.exit_code == 0 ? std::stoi(run.out) : 0;
  }

  MariadbServer first, second;

 private:
  std::string url_;
};

HaproxySite ComposeHaproxy(std::uint16_t gateway, std::uint16_t ops, std::uint16_t writer, const Members& members) {
  const auto server = [&](std::uint16_t port) { return Address(port) + " port " + std::to_string(ops); };
  return {"compose/haproxy.cfg",
          {{" gateway1:8080", " " + server(gateway)},
           {" gateway2:8080", " " + server(support::FreePort())},
           {"bind :3306", "bind " + Address(writer)},
           {" db1:3306", " " + Address(members.first.port())},
           {" db2:3306", " " + Address(members.second.port())},
           {" db3:3306", " " + Address(support::FreePort())}}};
}

void AwaitState(Haproxy* proxy, const std::string& server, const std::string& state) {
  INFO(server << " " << state);
  CHECK(proxy->process().WaitForLine(support::Stream::kStdout, server + " is " + state, std::chrono::minutes(1)));
}

TEST_CASE("proxy: the compose file's HAProxy sends calls to a gateway, and its writer port to one member at a time") {
  Members members;
  const std::uint16_t writer = support::FreePort();
  const std::uint16_t port = support::FreePort(), ops = support::FreePort();
  Haproxy proxy(ComposeHaproxy(port, ops, writer, members));
  const int first = members.first.port(), second = members.second.port();
  REQUIRE(Eventually([&] { return members.PortOf(writer) == first; }));

  support::GatewayOptions options;
  options.database_url = members.UrlAt(writer);
  options.listen = Address(port);
  options.ops_listen = Address(ops);
  GatewayProcess gateway(options);
  AwaitState(&proxy, "Server gateways/gateway1", "UP");
  CheckSignedCalls(proxy);

  for (int i = 0; i < 5; ++i) CHECK(members.PortOf(writer) == first);
  members.first.Kill9();
  CHECK(Eventually([&] { return members.PortOf(writer) == second; }));
  // A member that comes back is not the writer again: sessions go on elsewhere.
  members.first.Start();
  AwaitState(&proxy, "Server writer/db1", "UP");
  for (int i = 0; i < 5; ++i) CHECK(members.PortOf(writer) == second);
  members.second.Kill9();
  CHECK(Eventually([&] { return members.PortOf(writer) == first; }));
  CHECK(gateway.Terminate() == 0);
}

}  // namespace
}  // namespace multihub::deployment
