// The QA suite: a black box check of a gateway that speaks multihub v1 over HTTP, one verdict per clause of the
// contract. It needs no access to the gateway's database or process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "multihub/base/result.h"
#include "multihub/base/secret_string.h"

namespace multihub::conformance {

// Who says what a case proves: the published contract, or where that is silent this project.
enum class Contract { kPublished, kHouse };
// Sandbox: test applications whose payments move test money. Merchant: only what is safe in production, where nothing
// is paid, no balance is needed and no load made.
enum class Profile { kSandbox, kMerchant };

struct Caller {
  std::int64_t application = 0;
  base::SecretString secret;
};

struct SuiteOptions {
  std::string url;  // http or https, with or without the endpoint's path
  Caller app;
  std::optional<Caller> app2;   // another merchant's application
  std::string services_file;    // empty: what the sandbox has, in its profile; nothing in the other
  std::string cases_directory;  // empty: the cases of this program
  std::string only;             // a pattern of ids with '*'; empty: all
  Profile profile = Profile::kSandbox;
  Contract contract = Contract::kHouse;
  bool direct = false;                 // no proxy stands in front: what one might have answered counts
  std::string ca_file;                 // PEM, who vouches for an https gateway; empty: whom the system trusts
  std::string webhook_listen;          // ADDR:PORT of the listener; empty: a free port of 127.0.0.1
  std::string webhook_url;             // how the gateway reaches it; empty: directly, when the gateway is on loopback
  std::int64_t timeout_ms = 15'000;    // of one answer
  std::int64_t deadline_ms = 900'000;  // after which nothing more is begun
  int workers = 8;
};

enum class Verdict { kPassed, kFailed, kSkipped };

// A request and what came back, as text for people: cut to a few KiB, hashes shortened, bytes that are no text as \xNN.
struct Exchange {
  std::string step;
  std::string request;
  std::string response;  // or why there is none
};

struct CaseResult {
  std::string id;
  std::string title;
  std::string clause;
  Contract contract = Contract::kHouse;
  Verdict verdict = Verdict::kSkipped;
  bool counted = true;               // for the verdict of the run: by SuiteOptions::contract
  std::vector<std::string> reasons;  // why it failed or was skipped, a line each
  std::vector<Exchange> exchanges;   // of a failure
  std::vector<int> codes;            // what it covers of the catalogue
  std::int64_t duration_ms = 0;
};

struct CoverageRow {
  int code = 0;
  std::string message;
  std::vector<std::string> passed, failed, skipped;  // ids of cases
  std::string instead;                               // why no case can show it; empty when one can
};

struct SuiteResult {
  std::string url;
  std::string gateway;  // how its answers introduce themselves: "nginx/1.22.1", often empty
  Contract contract = Contract::kHouse;
  Profile profile = Profile::kSandbox;
  std::string started_at;  // ISO 8601
  std::int64_t duration_ms = 0;
  std::int64_t waited_ms = 0;     // of it, because of rate limits; waits of several cases add up
  std::vector<CaseResult> cases;  // in the order of the files
  std::vector<CoverageRow> coverage;

  int Count(Verdict verdict, bool counted) const;
  // Nothing that counts failed, and something that counts passed.
  bool Passed() const;
};

struct ListedCase {
  std::string id, title, clause;
  Contract contract = Contract::kHouse;
  Profile profile = Profile::kSandbox;
  std::vector<int> codes;
};

// The error is a sentence: a mistake in a case file (file:line: what), in the services file, in the URL; or that no
// case fits the pattern. A gateway that does not answer is no error but a result.
base::Result<SuiteResult, std::string> RunSuite(const SuiteOptions& options);
base::Result<std::vector<ListedCase>, std::string> ListCases(const SuiteOptions& options);

std::string NameOf(Verdict verdict);    // "passed"
std::string NameOf(Contract contract);  // "published"
std::string NameOf(Profile profile);    // "merchant"

}  // namespace multihub::conformance
