#include "examples_fixture.h"

#include <atomic>
#include <filesystem>
#include <stdexcept>

#include "support/temp_dir.h"

namespace multihub::examples {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = MULTIHUB_SOURCE_DIR;
// Against hangs only.
constexpr std::chrono::minutes kPatience{2};

// The examples and drivers, side by side as a merchant would have client and program.
class Workshop {
 public:
  Workshop() {
    for (const char* folder : {"bash", "python", "node", "php", "go"}) {
      fs::copy(kRoot / "examples" / folder, At(folder), fs::copy_options::recursive);
    }
    for (const auto& [driver, place] : {std::pair<const char*, const char*>{"driver.sh", "bash/driver.sh"},
                                        {"driver.py", "python/driver.py"},
                                        {"driver.mjs", "node/driver.mjs"},
                                        {"driver.php", "php/driver.php"},
                                        {"driver.go", "go/driver/main.go"}}) {
      fs::create_directories(fs::path(At(place)).parent_path());
      fs::copy(kRoot / "tests/examples/drivers" / driver, At(place));
    }
    languages_ = {
        {"bash", {"bash", At("bash/quickstart.sh")}, {"bash", At("bash/driver.sh")}},
        {"python", {"python3", At("python/quickstart.py")}, {"python3", At("python/driver.py")}},
        {"node", {"node", At("node/quickstart.mjs")}, {"node", At("node/driver.mjs")}},
        {"php", {"php", At("php/quickstart.php")}, {"php", At("php/driver.php")}},
        {"go", {At("go/bin/quickstart")}, {At("go/bin/driver")}},
    };
    CompileGo();
  }

  const std::vector<Language>& languages() const { return languages_; }

 private:
  std::string At(const std::string& name) const { return dir_.File(name); }

  // Nothing is fetched; the compiler keeps its things here.
  void CompileGo() const {
    fs::create_directories(At("go/bin"));
    support::SpawnOptions options;
    options.argv = {"go", "build", "-o", At("go/bin/"), "./quickstart", "./driver"};
    options.cwd = At("go");
    options.env = {{"HOME", dir_.path()}, {"GOCACHE", At("go-cache")}, {"GOPATH", At("go-path")},
                   {"GOFLAGS", ""},       {"GOPROXY", "off"},          {"GOWORK", "off"}};
    const support::RunResult built = support::Run(std::move(options), std::chrono::minutes(5));
    if (built.exit_code != 0) throw std::runtime_error("go build: " + built.err);
  }

  support::TempDir dir_;
  std::vector<Language> languages_;
};

// What a signed client is given becomes what a client of the bad line gets.
Reaction ReactionOf(const support::Answer& answer) {
  if (!answer.ok()) throw std::runtime_error("the sandbox did not answer: " + answer.transport_error);
  Reaction reaction = Reaction::Answer(answer.http_status, answer.raw);
  for (const auto& header : answer.http.headers) {
    if (header.first != "Connection") reaction.headers.push_back(header);
  }
  return reaction;
}

support::Answer PassOn(const ReceivedRequest& request) {
  support::SignedClient client = SharedSandbox().Client();
  std::vector<std::pair<std::string, std::string>> headers;
  for (const char* name : {"Content-Type", "X-Data-Application-Id", "X-Data-Hash"}) {
    if (const std::string* value = request.Header(name); value != nullptr) headers.emplace_back(name, *value);
  }
  return client.CallRaw(request.method, request.path, headers, request.body);
}

}  // namespace

const std::vector<Language>& Languages() {
  static const Workshop workshop;
  return workshop.languages();
}

Sandbox& SharedSandbox() {
  static Sandbox sandbox(functional::TestEngine::kSqlite);
  return sandbox;
}

support::RunResult RunProgram(const std::vector<std::string>& argv, Env env) {
  support::SpawnOptions options;
  options.argv = argv;
  options.env = std::move(env);
  options.env["PYTHONDONTWRITEBYTECODE"] = "1";
  options.env["NO_PROXY"] = "*";
  options.drop_env_prefix = "MULTIHUB_";
  return support::Run(std::move(options), kPatience);
}

Env SandboxEnv(const std::string& url) {
  return {{"MULTIHUB_URL", url},
          {"MULTIHUB_APPLICATION_ID", "1"},
          {"MULTIHUB_SECRET", support::SandboxSecret(1)},
          {"TIMEOUT_S", "60"}};
}

json Order(const Language& language, Env env, const std::vector<std::string>& order) {
  INFO(language.name);
  return Told(RunOrder(language, std::move(env), order));
}

support::RunResult RunOrder(const Language& language, Env env, const std::vector<std::string>& order) {
  std::vector<std::string> argv = language.driver;
  argv.insert(argv.end(), order.begin(), order.end());
  return RunProgram(argv, std::move(env));
}

json Told(const support::RunResult& run) {
  INFO(run.out << run.err);
  REQUIRE(run.exit_code == 0);
  json told = json::parse(run.out, nullptr, false);
  REQUIRE(told.is_object());
  return told;
}

BadLine::BadLine(std::vector<Act> script) : script_(script.begin(), script.end()) {
  receiver_.OnAnyOther([this](const ReceivedRequest& request) {
    Act act = True();
    {
      const std::lock_guard lock(mutex_);
      if (!script_.empty()) {
        act = script_.front();
        script_.pop_front();
      }
    }
    return act(request, PassOn);
  });
}

std::string BadLine::url() const { return receiver_.Url(support::kApiPath); }

std::vector<std::string> BadLine::Methods() const {
  std::vector<std::string> methods;
  for (const std::string& body : Bodies()) methods.push_back(json::parse(body).at("method").get<std::string>());
  return methods;
}

std::vector<std::string> BadLine::Bodies() const {
  std::vector<std::string> bodies;
  for (const ReceivedRequest& request : receiver_.Received()) bodies.push_back(request.body);
  return bodies;
}

BadLine::Act BadLine::True() {
  return [](const ReceivedRequest& request, const Pass& pass) { return ReactionOf(pass(request)); };
}

BadLine::Act BadLine::Lose() { return Hide(Reaction::CloseUnanswered()); }

BadLine::Act BadLine::Swallow() { return Say(Reaction::CloseUnanswered()); }

BadLine::Act BadLine::Hang() { return Say(Reaction::NeverAnswer()); }

BadLine::Act BadLine::Alter(std::function<void(Reaction*)> f) {
  return [f = std::move(f)](const ReceivedRequest& request, const Pass& pass) {
    Reaction reaction = ReactionOf(pass(request));
    f(&reaction);
    return reaction;
  };
}

BadLine::Act BadLine::Say(Reaction reaction) {
  return [reaction = std::move(reaction)](const ReceivedRequest&, const Pass&) { return reaction; };
}

BadLine::Act BadLine::Hide(Reaction reaction) {
  return [reaction = std::move(reaction)](const ReceivedRequest& request, const Pass& pass) {
    pass(request);
    return reaction;
  };
}

Reaction Signed(int http_status, const json& envelope, std::vector<std::pair<std::string, std::string>> headers) {
  Reaction reaction = Reaction::Answer(http_status, envelope.dump(), std::move(headers));
  reaction.headers.emplace_back("Content-Type", "application/json");
  reaction.headers.emplace_back("X-Data-Hash", support::Sign(reaction.body, support::SandboxSecret(1)));
  return reaction;
}

Reaction Refusal(int code, std::vector<std::pair<std::string, std::string>> headers) {
  return Signed(code == 1000 ? 429 : 400,
                {{"success", false},
                 {"error", {{"code", code}, {"message", "As told"}, {"details", nullptr}, {"context", nullptr}}},
                 {"request_id", "00000000-0000-4000-8000-000000000001"},
                 {"processing_time", 0}},
                std::move(headers));
}

std::string NewCId(const Language& language, const std::string& name) {
  static std::atomic<int> number{0};
  return language.name + "/" + name + "/" + std::to_string(++number);
}

std::string AsJson(const std::string& text) { return json(text).dump(); }

std::int64_t PaymentsWith(const std::string& c_id) {
  std::string quoted;
  for (const char c : c_id) quoted += c == '\'' ? "''" : std::string(1, c);
  return SharedSandbox().Count("payments WHERE application_id = 1 AND c_id = '" + quoted + "'");
}

std::int64_t Payments() { return SharedSandbox().Count("payments WHERE application_id = 1"); }

}  // namespace multihub::examples
