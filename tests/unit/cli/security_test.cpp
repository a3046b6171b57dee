#include "cli/security.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "cli/context.h"
#include "cli/refused.h"
#include "cli/sandbox.h"
#include "multihub/storage/migrations.h"
#include "support/temp_dir.h"

namespace multihub::cli {
namespace {

// A migrated SQLite database of its own.
struct TestDatabase {
  support::TempDir dir;
  storage::DatabaseUrl url = storage::DatabaseUrl::Parse("sqlite:///" + dir.File("hub.db")).value();
  std::unique_ptr<storage::Session> session = storage::Database(url).Open();
  TestDatabase() { storage::Migrate(*session); }
  std::unique_ptr<storage::Session> Another() const { return storage::Database(url).Open(); }
};

Config WithKey(const base::MasterKey& key) {
  Config config;
  config.security.master_key = key.ToBase64();
  return config;
}

bool Refuses(const Config& config, const TestDatabase& database, const std::string& part) {
  try {
    OpenMasterKey(config, database.url, *database.session);
  } catch (const Refused& refused) {
    INFO(refused.what());
    return std::string(refused.what()).find(part) != std::string::npos;
  }
  return false;
}

TEST_CASE("without a master key nothing is opened but a sandbox") {
  const TestDatabase database;
  CHECK(Refuses(Config{}, database, "There is no master key"));
  MarkSandbox(*database.session, database.url);
  const base::MasterKey key = OpenMasterKey(Config{}, database.url, *database.session);
  struct stat status {};
  REQUIRE(stat(SandboxKeyFile(database.url).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(OpenMasterKey(Config{}, database.url, *database.session).key_id() == key.key_id());
}

TEST_CASE("a sandbox whose key file went missing is refused, not given another key") {
  const TestDatabase database;
  MarkSandbox(*database.session, database.url);
  OpenMasterKey(Config{}, database.url, *database.session);
  REQUIRE(std::remove(SandboxKeyFile(database.url).c_str()) == 0);
  CHECK(Refuses(Config{}, database, "is missing"));
  CHECK_FALSE(std::ifstream(SandboxKeyFile(database.url)));
}

TEST_CASE("processes that open a new sandbox at once end with one key") {
  const TestDatabase database;
  MarkSandbox(*database.session, database.url);
  constexpr int kProcesses = 8;
  std::vector<std::string> ids(kProcesses);
  std::vector<std::thread> threads;
  for (int i = 0; i < kProcesses; ++i) {
    threads.emplace_back([&, i] {
      const auto session = database.Another();
      ids[static_cast<std::size_t>(i)] = OpenMasterKey(Config{}, database.url, *session).key_id();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& id : ids) CHECK(id == ids[0]);
}

TEST_CASE("a database sealed under another key is refused by both key ids") {
  const TestDatabase database;
  const base::MasterKey first = base::MasterKey::Generate(base::SystemRandomInstance());
  const base::MasterKey second = base::MasterKey::Generate(base::SystemRandomInstance());
  OpenMasterKey(WithKey(first), database.url, *database.session);
  CHECK(Refuses(WithKey(second), database, first.key_id()));
  CHECK(Refuses(WithKey(second), database, second.key_id()));
}

TEST_CASE("a key that is no key is refused without repeating it") {
  const TestDatabase database;
  Config config;
  config.security.master_key = base::SecretString("not-a-key");
  CHECK(Refuses(config, database, "32 bytes in base64"));
  CHECK_FALSE(Refuses(config, database, "not-a-key"));
}

TEST_CASE("generated secrets have the promised form") {
  const base::SecretString secret = NewApplicationSecret(base::SystemRandomInstance());
  CHECK(secret.Reveal().size() == 43);
  CHECK(secret.Reveal().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string_view::npos);
  CHECK(secret.Reveal() != NewApplicationSecret(base::SystemRandomInstance()).Reveal());
}

TEST_CASE("a secret file is one line of text") {
  const support::TempDir dir;
  const std::string path = dir.File("secret");
  const auto write = [&](const std::string& text) { std::ofstream(path, std::ios::binary) << text; };
  for (const char* text : {"brought-secret", "brought-secret\n", "brought-secret\r\n"}) {
    write(text);
    CHECK(ReadSecretFile(path).Reveal() == "brought-secret");
  }
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("a\nb\n"), std::string(600, 'x'), std::string("\xff\xfe too")}) {
    write(text);
    CHECK_THROWS_AS(ReadSecretFile(path), Refused);
  }
  CHECK_THROWS_AS(ReadSecretFile(dir.File("none")), Refused);
}

TEST_CASE("a sealed secret opens in its own row and place only") {
  const base::MasterKey key = base::MasterKey::Generate(base::SystemRandomInstance());
  const ApplicationSecrets secrets(key, base::SystemRandomInstance());
  storage::ApplicationRow row;
  row.id.value = 7;
  secrets.SetSecret(&row, base::SecretString("one"));
  secrets.SetPreviousSecret(&row, base::SecretString("two"));
  secrets.SetWebhookSecret(&row, base::SecretString("three"));
  CHECK(secrets.Secret(row).Reveal() == "one");
  CHECK(secrets.PreviousSecret(row).Reveal() == "two");
  CHECK(secrets.WebhookSecret(row).Reveal() == "three");
  std::swap(row.sealed_secret, row.sealed_previous_secret);
  CHECK_THROWS_AS(secrets.Secret(row), Refused);
  std::swap(row.sealed_secret, row.sealed_previous_secret);
  row.id.value = 8;
  CHECK_THROWS_AS(secrets.Secret(row), Refused);
}

}  // namespace
}  // namespace multihub::cli
