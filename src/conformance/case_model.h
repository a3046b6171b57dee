// What a case is, once its file is read. docs/conformance.md explains the words to those who write cases.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "conformance/value.h"
#include "multihub/conformance/suite.h"

namespace multihub::conformance {

// A fault to build into a signature. Named in case files by the words of SignFaultWords().
enum class SignFault {
  kNone,
  kFlipBody,      // one bit of the body is turned after it was signed
  kFlipHash,      // one bit of the digest is turned
  kFlipFirst,     // one bit of the digest's first byte is turned
  kFlipLast,      // one bit of the digest's last byte is turned
  kFlipSecret,    // one bit of the secret is turned
  kUpperCase,     // no fault: the hex digits in capitals
  kShort,         // 127 digits
  kLong,          // 129 digits
  kSpaceInside,   // a blank in place of a digit
  kNotHex,        // a 'g' in place of a digit
  kOtherSecret,   // signed with the other application's secret (--app2)
  kReserialised,  // the hash of the same JSON with other white space
  kSecretFirst,   // secret + body in place of body + secret
  kHmac,          // HMAC-SHA256 of the body under the secret, twice, to fill 128 digits
  kBodyOnly,      // the secret is left out
};
const std::vector<std::pair<std::string, SignFault>>& SignFaultWords();

// Whether an answer has to be signed.
enum class SignedAnswer { kByCode, kYes, kNo };

// What has to hold of one field of an answer; all that is given must.
struct FieldRule {
  std::string path;  // as in json_path.h, or "headers.<name in lower case>"
  Value rule;        // a value, !absent, or a mapping of matchers
  int line = 0;
};

struct Expectation {
  std::vector<int> codes;  // one of these; 0 is success
  std::optional<int> http_status;
  SignedAnswer is_signed = SignedAnswer::kByCode;
  bool closes = false;  // the peer closes the connection after the answer
  std::vector<FieldRule> fields;
  // Of calls sent at once: how many answers have which code; the sum is their number.
  std::vector<std::pair<int, int>> counts;
};

struct Capture {
  std::string name;
  std::string path;
  std::optional<Value> otherwise;  // when nothing is at the path
  int line = 0;
};

// Waiting for the runner's listener to be called.
struct WebhookWait {
  std::string path;              // template: the path below the listener, "/x-3"
  int at_least = 1;              // so many requests have to come
  std::vector<FieldRule> where;  // the request meant: the first that fits
};

struct Step {
  int line = 0;
  std::string name;
  std::string application = "app1";  // app1, app2, or a word of the world's applications
  // The body: `request` rendered as compact JSON, or `body` as it is.
  std::optional<Value> request;
  std::string body;
  std::string path;  // empty: the endpoint
  std::string verb = "POST";
  // Replaced (the first of that name) or added; nullopt: left out.
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  std::optional<std::string> http;  // the whole request as bytes
  SignFault sign = SignFault::kNone;
  int at_once = 1;                     // sent so many times at the same moment
  int at_most = 1;                     // sent one after the other, until the code is an expected one
  std::int64_t poll_ms = 0;            // over 0: asked again until the expectation holds, for so long
  std::optional<WebhookWait> webhook;  // in place of a request
  bool skip_when_refused = false;      // the case is skipped when the answer is 1005
  Expectation expect;
  std::vector<Capture> captures;
};

// What is looked at over all answers of the run, in place of steps. Words of WatchWords().
enum class Watch {
  kEnvelope,
  kErrorObject,
  kDetails,
  kContext,
  kPublishedMessages,
  kMessages,
  kHttpStatus,
  kSigned,
  kUnsigned,
  kRequestIds,
  kRequestIdHeader,
  kCompact,
  kContentType,
  kProcessingTime,
};
const std::vector<std::pair<std::string, Watch>>& WatchWords();

// What a proxy in front of the gateway may do with the requests of a case.
enum class Front {
  kPasses,    // nothing: they are ordinary
  kAnswers,   // answer in the gateway's place, and keep a connection that the gateway closes
  kRewrites,  // besides that, put the request right and pass it on
};

struct Case {
  std::string file;
  int line = 0;
  std::string id;      // "amounts.whole.1e2"
  std::string title;   // what holds, as a sentence
  std::string clause;  // "docs/api/protocol.md#json-rules"
  Contract contract = Contract::kHouse;
  Profile profile = Profile::kSandbox;  // kMerchant: safe in both
  std::set<std::string> needs;          // capabilities of the world
  std::set<std::string> locks;          // cases that name the same word never run at the same time
  bool last = false;                    // after all others, alone
  Front front = Front::kPasses;
  std::vector<std::pair<std::string, Value>> variables;
  std::vector<Step> steps;
  std::optional<Watch> watch;

  // Every code an answer of this case has to have, and codes in status.error.
  std::set<int> Codes() const;
};

}  // namespace multihub::conformance
