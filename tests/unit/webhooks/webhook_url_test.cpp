#include "multihub/webhooks/webhook_url.h"

#include <catch2/catch.hpp>

#include <string>

using multihub::webhooks::CheckWebhookUrl;
using multihub::webhooks::DeniedPorts;
using multihub::webhooks::DeniedPortTable;
using multihub::webhooks::kMaxWebhookUrl;
using multihub::webhooks::WebhookUrlOptions;

namespace {

constexpr WebhookUrlOptions kLoopback = {true, false, false};
constexpr WebhookUrlOptions kPrivate = {false, true, false};
constexpr WebhookUrlOptions kHttps = {false, false, true};

// "" when accepted.
std::string ProblemOf(const std::string& url, const WebhookUrlOptions& options = {}) {
  return CheckWebhookUrl(url, options).value_or("");
}

}  // namespace

TEST_CASE("webhook URLs that are accepted") {
  const std::string accepted[] = {
      "https://shop.example/hooks",
      "http://shop.example/hooks",
      "HTTPS://SHOP.EXAMPLE/Hooks",
      "https://shop.example",
      "https://shop.example:8443/hooks?app=7&x=%20y",
      "https://shop.example:443/",
      "http://shop.example:8080/",
      "http://shop.example:3000/",
      "http://shop.example:5000/",
      "http://shop.example:65535/",
      "https://shop.example./",
      "https://hooks_in.shop.example/",
      "https://xn--bcher-kva.example/",
      "https://intranet/hooks",
      "https://localhost.shop.example/",
      "https://mylocalhost/",
      "https://127.0.0.1.shop.example/",
      "https://10.shop.example/",
      "https://shop.example/a@b",
      "https://shop.example/http://127.0.0.1/",
      "https://shop.example?next=http://localhost/",
      "https://shop.example/a/../b",
      "http://8.8.8.8/",
      "http://134744072/",
      "http://0x08080808/",
      "http://010.8.8.8/",
      "http://172.32.0.1/",
      "http://[2606:4700::1111]/",
      "http://[2606:4700::1111]:8080/",
      "http://[::ffff:8.8.8.8]/",
  };
  for (const std::string& url : accepted) {
    INFO(url);
    CHECK(ProblemOf(url) == "");
  }
}

TEST_CASE("webhook URLs that are refused, each with its reason") {
  using namespace std::string_literals;
  struct Row {
    std::string url, says;
  };
  const Row rows[] = {
      // not an absolute http(s) URL
      {"", "absolute"},
      {"shop.example/hooks", "absolute"},
      {"//shop.example/hooks", "absolute"},
      {"/hooks", "absolute"},
      {"ftp://shop.example/", "absolute"},
      {"file:///etc/passwd", "absolute"},
      {"gopher://shop.example/", "absolute"},
      {"upi://pay?pa=a@b", "absolute"},
      {"http:shop.example", "absolute"},
      {"http:/shop.example", "absolute"},
      {"http://", "host"},
      {"http:///hooks", "host"},
      {"http://:80/", "host"},
      {"http://shop..example/", "host"},
      {"http://1.2.3.4.5/", "host"},
      {"http://%6c%6fcalhost/", "host"},
      {"http://127.0.0.%31/", "host"},
      {"http://[fe80::1%25eth0]/", "host"},
      {"http://shop.example:/", "port"},
      {"http://shop.example:0/", "port"},
      {"http://shop.example:65536/", "port"},
      {"http://shop.example:eighty/", "port"},
      // characters
      {" https://shop.example/", "characters"},
      {"https://shop.example/a b", "characters"},
      {"https://shop.example/\r\nX: y", "characters"},
      {"https://shop.example/\0"s, "characters"},
      {"https://shop.example\\.evil.example/", "characters"},
      {"https://shop.example/\xE2\x82\xB9", "characters"},
      {"https://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1/", "characters"},
      {"https://b\xC3\xBC"
       "cher.example/",
       "characters"},
      // user information, fragment
      {"https://user@shop.example/", "user information"},
      {"https://user:secret@shop.example/", "user information"},
      {"https://:@shop.example/", "user information"},
      {"https://@shop.example/", "user information"},
      {"https://shop.example@127.0.0.1/", "user information"},
      {"https://127.0.0.1@shop.example/", "user information"},
      {"https://shop.example/#", "fragment"},
      {"https://shop.example/hooks#part", "fragment"},
      {"https://shop.example#@127.0.0.1/", "fragment"},
      // localhost
      {"http://localhost/", "localhost"},
      {"http://LOCALHOST:8080/", "localhost"},
      {"http://localhost./", "localhost"},
      {"http://a.localhost/", "localhost"},
      {"http://a.b.localhost.:81/", "localhost"},
      // addresses that are not public, in any spelling
      {"http://127.0.0.1/", "not public"},
      {"http://127.0.0.1:8080/", "not public"},
      {"http://127.0.0.1./", "not public"},
      {"http://127.1/", "not public"},
      {"http://127.0.1/", "not public"},
      {"http://127.8.8.8/", "not public"},
      {"http://2130706433/", "not public"},
      {"http://017700000001/", "not public"},
      {"http://0177.0.0.1/", "not public"},
      {"http://0x7f.0.0.1/", "not public"},
      {"http://0x7f.1/", "not public"},
      {"http://0X7F000001/", "not public"},
      {"http://0x7f.0.0x0.01/", "not public"},
      {"http://0/", "not public"},
      {"http://0.0.0.0/", "not public"},
      {"http://10.0.0.1/", "not public"},
      {"http://10.1/", "not public"},
      {"http://167772161/", "not public"},
      {"http://172.16.0.1/", "not public"},
      {"http://172.31.255.255/", "not public"},
      {"http://192.168.1.1/", "not public"},
      {"http://192.168.257/", "not public"},
      {"http://0xc0a80101/", "not public"},
      {"http://0300.0250.1.1/", "not public"},
      {"http://169.254.169.254/latest/meta-data/", "not public"},
      {"http://0xa9fea9fe/", "not public"},
      {"http://2852039166/", "not public"},
      {"http://100.64.0.1/", "not public"},
      {"http://100.100.100.200/", "not public"},
      {"http://168.63.129.16/", "not public"},
      {"http://192.0.2.1/", "not public"},
      {"http://198.18.0.1/", "not public"},
      {"http://198.51.100.1/", "not public"},
      {"http://203.0.113.1/", "not public"},
      {"http://224.0.0.1/", "not public"},
      {"http://255.255.255.255/", "not public"},
      {"http://[::1]/", "not public"},
      {"http://[::]/", "not public"},
      {"http://[0:0:0:0:0:0:0:1]:8080/", "not public"},
      {"http://[::ffff:127.0.0.1]/", "not public"},
      {"http://[::FFFF:7F00:1]/", "not public"},
      {"http://[::ffff:10.0.0.1]/", "not public"},
      {"http://[::127.0.0.1]/", "not public"},
      {"http://[fe80::1]/", "not public"},
      {"http://[fc00::1]/", "not public"},
      {"http://[fd00:ec2::254]/", "not public"},
      {"http://[ff02::1]/", "not public"},
      {"http://[2001:db8::1]/", "not public"},
      {"http://[64:ff9b::8.8.8.8]/", "not public"},
      {"http://[2002:808:808::1]/", "not public"},
      {"http://[2001::1]/", "not public"},
      // ports of other services
      {"http://shop.example:21/", "port"},
      {"http://shop.example:22/", "port"},
      {"http://shop.example:23/", "port"},
      {"http://shop.example:25/", "port"},
      {"http://shop.example:53/", "port"},
      {"http://shop.example:110/", "port"},
      {"http://shop.example:143/", "port"},
      {"https://shop.example:3306/", "port"},
      {"https://shop.example:5432/", "port"},
      {"https://shop.example:6379/", "port"},
      {"https://shop.example:11211/", "port"},
      {"https://shop.example:27017/", "port"},
  };
  for (const Row& row : rows) {
    INFO("'" << row.url << "'");
    const std::string problem = ProblemOf(row.url);
    CHECK(problem.find("must ") == 0);
    CHECK(problem.find(row.says) != std::string::npos);
  }
}

TEST_CASE("a problem never repeats a piece of the URL") {
  for (const std::string url :
       {"https://user:zebra@shop.example/", "https://zebra..example/", "https://shop.example:zebra/", "zebra://x/",
        "https://shop.example/#zebra", "https://zebra.localhost/", "https://shop.example/zebra zebra"}) {
    INFO(url);
    CHECK(ProblemOf(url) != "");
    CHECK(ProblemOf(url).find("zebra") == std::string::npos);
  }
}

TEST_CASE("a URL may have 2048 characters and no more") {
  const std::string start = "https://shop.example/";
  CHECK(ProblemOf(start + std::string(kMaxWebhookUrl - start.size(), 'a')) == "");
  CHECK(ProblemOf(start + std::string(kMaxWebhookUrl - start.size() + 1, 'a')).find("2048") != std::string::npos);
  CHECK(ProblemOf(std::string(1 << 20, '[')).find("2048") != std::string::npos);
}

TEST_CASE("the options open what they name and nothing else") {
  struct Row {
    std::string url;
    bool by_default, loopback, any, https;
  };
  const Row rows[] = {
      {"http://127.0.0.1:8080/", false, true, true, false},
      {"http://127.1:8080/", false, true, true, false},
      {"http://[::1]:8080/", false, true, true, false},
      {"http://[::ffff:127.0.0.1]:8080/", false, true, true, false},
      {"http://localhost:8080/", false, true, true, false},
      {"http://a.localhost:8080/", false, true, true, false},
      {"https://localhost/", false, true, true, false},
      {"https://127.0.0.1/", false, true, true, false},
      {"http://0.0.0.0:8080/", false, false, true, false},
      {"http://10.0.0.1/", false, false, true, false},
      {"http://192.168.0.1/", false, false, true, false},
      {"http://169.254.169.254/", false, false, true, false},
      {"http://[fd00::1]/", false, false, true, false},
      {"http://shop.example/", true, true, true, false},
      {"https://shop.example/", true, true, true, true},
      {"HTTPS://8.8.8.8/", true, true, true, true},
      {"http://127.0.0.1:22/", false, false, false, false},
      {"http://user@127.0.0.1/", false, false, false, false},
      {"http://127.0.0.1/#x", false, false, false, false},
      {"http://1.2.3.4.5/", false, false, false, false},
  };
  for (const Row& row : rows) {
    INFO(row.url);
    CHECK((ProblemOf(row.url) == "") == row.by_default);
    CHECK((ProblemOf(row.url, kLoopback) == "") == row.loopback);
    CHECK((ProblemOf(row.url, kPrivate) == "") == row.any);
    CHECK((ProblemOf(row.url, kHttps) == "") == row.https);
  }
  CHECK(ProblemOf("http://shop.example/", kHttps).find("https") != std::string::npos);
}

TEST_CASE("the denied ports are ordered, below the ephemeral range, and refused to their ends") {
  int previous = 0;
  for (const DeniedPorts& row : DeniedPortTable()) {
    INFO(row.service);
    CHECK(row.first > previous);
    CHECK(row.last >= row.first);
    CHECK(row.last < 32768);
    CHECK_FALSE(row.service.empty());
    CHECK(ProblemOf("http://shop.example:" + std::to_string(row.first) + "/").find("port") != std::string::npos);
    CHECK(ProblemOf("http://shop.example:" + std::to_string(row.last) + "/").find("port") != std::string::npos);
    previous = row.last;
  }
  for (const int port : {80,   81,   443,  444,  591,  1024, 3000, 4000, 4443, 5000,  5001,  7000,  8000,
                         8008, 8080, 8081, 8088, 8443, 8888, 9000, 9090, 9443, 10000, 32768, 49152, 65535}) {
    INFO(port);
    CHECK(ProblemOf("http://shop.example:" + std::to_string(port) + "/") == "");
  }
}
