// What the merchants' pages show is computed anew, and the commands they give are run.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <functional>

#include "examples_fixture.h"
#include "multihub/base/encoding.h"
#include "support/fixtures.h"
#include "support/temp_dir.h"

namespace multihub::examples {
namespace {

struct Block {
  std::string language, text;
};

std::string Page(const std::string& name) {
  return support::ReadFile(std::string(MULTIHUB_SOURCE_DIR) + "/docs/" + name);
}

std::vector<Block> BlocksOf(const std::string& page) {
  std::vector<Block> blocks;
  bool inside = false;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(3), ""});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

std::string OnlyBlock(const std::string& page, const std::string& language) {
  std::vector<std::string> found;
  for (const Block& block : BlocksOf(page)) {
    if (block.language == language) found.push_back(block.text);
  }
  REQUIRE(found.size() == 1);
  return found[0];
}

json Vector(const std::string& name) {
  const json vectors = json::parse(support::Fixture("vectors.json"));
  for (const json& vector : vectors["x_data_hash"]) {
    if (vector["name"] == name) return vector;
  }
  throw std::invalid_argument("no vector " + name);
}

// The bytes of "0000  7b 22 …  {"…" lines, whose last column must show them too.
std::string BytesOf(const std::string& dump) {
  constexpr std::size_t kHexAt = 6, kHexWidth = 47, kTextAt = kHexAt + kHexWidth + 2;
  std::string bytes;
  std::istringstream lines(dump);
  for (std::string line; std::getline(lines, line);) {
    CHECK(std::stoul(line.substr(0, 4), nullptr, 16) == bytes.size());
    std::string shown;
    std::istringstream hex(line.substr(kHexAt, kHexWidth));
    for (std::string byte; hex >> byte;) {
      bytes += static_cast<char>(std::stoi(byte, nullptr, 16));
      shown += bytes.back() >= ' ' && bytes.back() <= '~' ? bytes.back() : '.';
    }
    CHECK(line.substr(kTextAt) == shown);
  }
  return bytes;
}

std::string HmacSha512Hex(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest, &size);
  return base::HexEncode({digest, digest + size});
}

std::string Replaced(std::string text, const std::string& what, const std::string& by) {
  text.replace(text.find(what), what.size(), by);
  return text;
}

support::RunResult Bash(const std::string& script) {
  support::SpawnOptions options;
  options.argv = {"bash", "-euo", "pipefail", "-c", script};
  return support::Run(std::move(options));
}

TEST_CASE("examples: docs/authentication.md hashes the bytes it shows, and they are a vector of the tests") {
  const std::string page = Page("authentication.md");
  const json vector = Vector("utf-8");
  const auto body = vector["body"].get<std::string>();
  const auto secret = vector["secret"].get<std::string>();
  const auto hash = vector["x_data_hash"].get<std::string>();
  CHECK(BytesOf(OnlyBlock(page, "hexdump")) == body + secret);
  CHECK(support::Sign(body, secret) == hash);
  CHECK(page.find("| secret | `" + secret + "` |") != std::string::npos);
  CHECK(page.find("| body | `" + body + "` |") != std::string::npos);
  CHECK(page.find("X-Data-Hash: " + hash + "\n") != std::string::npos);
  CHECK(page.find("the body has " + std::to_string(body.size()) + " bytes; the secret has " +
                  std::to_string(secret.size())) != std::string::npos);
  const support::RunResult run = Bash(OnlyBlock(page, "sh"));
  CHECK(run.out == hash + "\n");

  const json response = Vector("response");
  CHECK(response["secret"] == secret);
  CHECK(OnlyBlock(page, "json") == response["body"].get<std::string>() + "\n");
  CHECK(page.find("X-Data-Hash: " + response["x_data_hash"].get<std::string>() + "\n") != std::string::npos);
}

TEST_CASE("examples: docs/authentication.md knows each mistake by its hash") {
  const json vector = Vector("utf-8");
  const auto body = vector["body"].get<std::string>();
  const auto secret = vector["secret"].get<std::string>();
  const std::string euro = "\xe2\x82\xac";
  const std::string spaced = R"({"method": "gateway.ping", "params": {"note": ")" + euro + R"("}})";
  const std::map<std::string, std::string> mistakes = {
      {"sign rightly", support::Sign(body, secret)},
      {"have a line end after the body", support::Sign(body + "\n", secret)},
      {"have a line end after the secret", support::Sign(body, secret + "\n")},
      {"hash the secret first", support::Sign(secret, body)},
      {"hash the sign as", support::Sign(Replaced(body, euro, "\\u20ac"), secret)},
      {"hash JSON with spaces", support::Sign(spaced, secret)},
      {"turn the text into Windows-1252", support::Sign(Replaced(body, euro, "\x80"), secret)},
      {"encode as UTF-8 twice", support::Sign(Replaced(body, euro, "\xc3\xa2\xc2\x82\xc2\xac"), secret)},
      {"have a byte order mark", support::Sign("\xef\xbb\xbf" + body, secret)},
      {"leave the secret out", support::Sign(body, "")},
      {"put a colon between", support::Sign(body + ":", secret)},
      {"compute an HMAC", HmacSha512Hex(secret, body)},
  };
  const std::string page = Page("authentication.md");
  std::size_t rows = 0;
  std::istringstream lines(page.substr(page.find("| your hash begins with")));
  for (std::string line; std::getline(lines, line) && line.starts_with('|');) {
    rows += line.starts_with("| `") ? 1 : 0;
  }
  CHECK(rows == mistakes.size());
  for (const auto& [words, hash] : mistakes) {
    INFO(words);
    CHECK(page.find("| `" + hash.substr(0, 16) + "` | " + words) != std::string::npos);
  }
}

TEST_CASE("examples: the calls of docs/quick-start.md do what the page says") {
  std::string script;
  for (const Block& block : BlocksOf(Page("quick-start.md"))) {
    if (block.language == "sh" && block.text.find("./dev run") == std::string::npos) script += block.text;
  }
  const std::string url = "http://127.0.0.1:8080/public/api/multihub/v1";
  REQUIRE(script.find(url) != std::string::npos);
  const support::RunResult run = Bash(Replaced(script, url, SharedSandbox().gateway().url()));
  INFO(run.out << run.err);
  CHECK(run.exit_code == 0);
  std::vector<json> answers;
  std::istringstream lines(run.out);
  for (std::string line; std::getline(lines, line);) answers.push_back(json::parse(line));
  REQUIRE(answers.size() == 4);
  for (const json& answer : answers) CHECK(answer["success"] == true);
  CHECK(answers[0]["result"]["message"] == "pong");
  const json& payment = answers[1]["result"]["payment"];
  CHECK(payment["status"]["status"] == "created");
  CHECK(payment["redirect"]["to"].get<std::string>().starts_with("upi://"));
  CHECK(answers[2]["result"]["payment"]["identifiers"]["h_id"] == payment["identifiers"]["h_id"]);
  CHECK(answers[3]["result"]["balance"]["id"] == 1);
}

TEST_CASE("examples: docs/quick-start.md names the quickstart of every language") {
  const std::string page = Page("quick-start.md");
  for (const Language& language : Languages()) {
    INFO(language.name);
    CHECK(page.find("examples/" + language.name) != std::string::npos);
  }
}

}  // namespace
}  // namespace multihub::examples
