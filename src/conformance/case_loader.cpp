#include "conformance/case_loader.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>

#include "conformance/embedded_cases.h"
#include "conformance/json_path.h"
#include "conformance/matchers.h"
#include "conformance/template_text.h"
#include "conformance/whole_file.h"

namespace multihub::conformance {
namespace {

constexpr int kMaxRepetitions = 64;
constexpr std::int64_t kMaxPollSeconds = 120;

// Thrown and caught inside this file: a mistake far down ends the reading of the file.
struct Mistake {
  int line;
  std::string what;
};

// ---- small readers ------------------------------------------------------------------------------------------------

[[noreturn]] void Refuse(const Value& value, const std::string& what) { throw Mistake{value.line, what}; }

using Reader = std::function<void(const Value&)>;

// Every key of the mapping has a reader; a key without one is a mistake.
void ReadMapping(const Value& value, const std::string& what, const std::map<std::string, Reader>& readers) {
  if (!value.is_map()) Refuse(value, what + " must be a mapping");
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const auto reader = readers.find(value.keys[i]);
    if (reader == readers.end()) {
      std::string known;
      for (const auto& [name, unused] : readers) known += (known.empty() ? "" : ", ") + name;
      Refuse(value.items[i], what + " has no '" + value.keys[i] + "'; there are " + known);
    }
    reader->second(value.items[i]);
  }
}

std::string TextOf(const Value& value, const std::string& what) {
  if (!value.is_string() || value.text.empty()) Refuse(value, what + " must be a text");
  return value.text;
}

bool BoolOf(const Value& value, const std::string& what) {
  if (value.type != Value::Type::kBool) Refuse(value, what + " must be true or false");
  return value.boolean;
}

std::int64_t IntegerOf(const Value& value, const std::string& what, std::int64_t min, std::int64_t max) {
  std::int64_t number = 0;
  const char* end = value.text.data() + value.text.size();
  const bool read = value.type == Value::Type::kNumber && std::from_chars(value.text.data(), end, number).ptr == end;
  if (!read || number < min || number > max) {
    Refuse(value, what + " must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return number;
}

template <typename Word>
Word WordOf(const Value& value, const std::string& what, const std::vector<std::pair<std::string, Word>>& words) {
  std::string known;
  for (const auto& [name, word] : words) {
    if (value.is_string() && value.text == name) return word;
    known += (known.empty() ? "" : ", ") + name;
  }
  Refuse(value, what + " must be one of " + known);
}

std::set<std::string> WordsOf(const Value& value, const std::string& what) {
  if (!value.is_list()) Refuse(value, what + " must be a list");
  std::set<std::string> words;
  for (const Value& item : value.items) words.insert(TextOf(item, "an entry of " + what));
  return words;
}

std::string PathOf(const std::string& text, const Value& at) {
  if (!JsonPath::Parse(text).ok()) Refuse(at, "'" + text + "' is no path; see docs/conformance.md");
  return text;
}

// ---- expectations -------------------------------------------------------------------------------------------------

std::vector<FieldRule> ReadFields(const Value& value) {
  if (!value.is_map()) Refuse(value, "fields must be a mapping of paths to what is expected there");
  std::vector<FieldRule> rules;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const Value& rule = value.items[i];
    if (const std::string problem = ProblemOfRule(rule); !problem.empty()) Refuse(rule, problem);
    rules.push_back({PathOf(value.keys[i], rule), rule, rule.line});
  }
  return rules;
}

std::vector<int> ReadCodes(const Value& value) {
  std::vector<int> codes;
  if (!value.is_list()) return {static_cast<int>(IntegerOf(value, "code", 0, 9999))};
  for (const Value& item : value.items) codes.push_back(static_cast<int>(IntegerOf(item, "a code", 0, 9999)));
  if (codes.empty()) Refuse(value, "code must name a code");
  return codes;
}

std::vector<std::pair<int, int>> ReadCounts(const Value& value) {
  if (!value.is_map()) Refuse(value, "counts must be a mapping of codes to numbers");
  std::vector<std::pair<int, int>> counts;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    Value key = value.items[i];
    key.type = Value::Type::kNumber;
    key.text = value.keys[i];
    counts.emplace_back(static_cast<int>(IntegerOf(key, "a code", 0, 9999)),
                        static_cast<int>(IntegerOf(value.items[i], "a number of answers", 0, kMaxRepetitions)));
  }
  return counts;
}

Expectation ReadExpectation(const Value& value) {
  Expectation expect;
  ReadMapping(
      value, "expect",
      {{"code", [&](const Value& v) { expect.codes = ReadCodes(v); }},
       {"status", [&](const Value& v) { expect.http_status = static_cast<int>(IntegerOf(v, "status", 100, 599)); }},
       {"signed",
        [&](const Value& v) { expect.is_signed = BoolOf(v, "signed") ? SignedAnswer::kYes : SignedAnswer::kNo; }},
       {"closes", [&](const Value& v) { expect.closes = BoolOf(v, "closes"); }},
       {"fields", [&](const Value& v) { expect.fields = ReadFields(v); }},
       {"counts", [&](const Value& v) { expect.counts = ReadCounts(v); }}});
  return expect;
}

// ---- steps --------------------------------------------------------------------------------------------------------

std::vector<Capture> ReadCaptures(const Value& value) {
  if (!value.is_map()) Refuse(value, "capture must be a mapping of names to paths");
  std::vector<Capture> captures;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    Capture capture;
    capture.name = value.keys[i];
    capture.line = value.items[i].line;
    if (value.items[i].is_map()) {
      ReadMapping(value.items[i], "capture",
                  {{"path", [&](const Value& v) { capture.path = PathOf(TextOf(v, "path"), v); }},
                   {"else", [&](const Value& v) { capture.otherwise = v; }}});
      if (capture.path.empty()) Refuse(value.items[i], "capture needs a path");
    } else {
      capture.path = PathOf(TextOf(value.items[i], "a captured path"), value.items[i]);
    }
    captures.push_back(std::move(capture));
  }
  return captures;
}

void ReadHeaders(const Value& value, Step* step) {
  if (!value.is_map()) Refuse(value, "headers must be a mapping");
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const Value& item = value.items[i];
    if (item.is_null()) {
      step->headers.emplace_back(value.keys[i], std::nullopt);
    } else if (item.is_string() || item.type == Value::Type::kNumber) {
      step->headers.emplace_back(value.keys[i], item.text);
    } else {
      Refuse(item, "a header is a text, or null to leave it out");
    }
  }
}

WebhookWait ReadWebhook(const Value& value) {
  WebhookWait wait;
  ReadMapping(value, "webhook",
              {{"path", [&](const Value& v) { wait.path = TextOf(v, "path"); }},
               {"at_least", [&](const Value& v) { wait.at_least = static_cast<int>(IntegerOf(v, "at_least", 1, 64)); }},
               {"where", [&](const Value& v) { wait.where = ReadFields(v); }}});
  if (!wait.path.starts_with('/')) Refuse(value, "webhook needs a path that begins with '/'");
  return wait;
}

std::int64_t SecondsToMs(const Value& value, const std::string& what) {
  return IntegerOf(value, what, 1, kMaxPollSeconds) * 1000;
}

void CheckStep(const Value& value, const Step& step) {
  const int kinds = (step.request || !step.body.empty() || step.http ? 1 : 0) + (step.webhook ? 1 : 0);
  if (kinds > 1) Refuse(value, "a step sends something or waits for a webhook, not both");
  if (step.request && !step.body.empty()) Refuse(value, "a step has a request or a body, not both");
  if (step.webhook && step.poll_ms == 0) Refuse(value, "waiting for a webhook needs within_s");
  if (!step.webhook && step.expect.codes.empty() && step.expect.counts.empty()) {
    Refuse(value, "a step says which code it expects (0: success)");
  }
  if (step.webhook && !step.expect.codes.empty()) Refuse(value, "a webhook has no code");
  if (step.expect.counts.empty() != (step.at_once == 1)) Refuse(value, "at_once and counts belong together");
  int sum = 0;
  for (const auto& [code, count] : step.expect.counts) sum += count;
  if (step.at_once > 1 && sum != step.at_once) Refuse(value, "the counts do not add up to at_once");
}

Step ReadStep(const Value& value) {
  Step step;
  step.line = value.line;
  ReadMapping(value, "a step",
              {{"name", [&](const Value& v) { step.name = TextOf(v, "name"); }},
               {"app", [&](const Value& v) { step.application = TextOf(v, "app"); }},
               {"request", [&](const Value& v) { step.request = v; }},
               {"body",
                [&](const Value& v) {
                  if (!v.is_string()) Refuse(v, "body must be a text (in quotes)");
                  step.body = v.text;
                }},
               {"path", [&](const Value& v) { step.path = TextOf(v, "path"); }},
               {"verb", [&](const Value& v) { step.verb = TextOf(v, "verb"); }},
               {"headers", [&](const Value& v) { ReadHeaders(v, &step); }},
               {"http", [&](const Value& v) { step.http = TextOf(v, "http"); }},
               {"sign", [&](const Value& v) { step.sign = WordOf(v, "sign", SignFaultWords()); }},
               {"at_once",
                [&](const Value& v) { step.at_once = static_cast<int>(IntegerOf(v, "at_once", 2, kMaxRepetitions)); }},
               {"at_most",
                [&](const Value& v) { step.at_most = static_cast<int>(IntegerOf(v, "at_most", 2, kMaxRepetitions)); }},
               {"within_s", [&](const Value& v) { step.poll_ms = SecondsToMs(v, "within_s"); }},
               {"webhook", [&](const Value& v) { step.webhook = ReadWebhook(v); }},
               {"skip_when_refused", [&](const Value& v) { step.skip_when_refused = BoolOf(v, "skip_when_refused"); }},
               {"expect", [&](const Value& v) { step.expect = ReadExpectation(v); }},
               {"capture", [&](const Value& v) { step.captures = ReadCaptures(v); }}});
  CheckStep(value, step);
  return step;
}

// ---- tables -------------------------------------------------------------------------------------------------------

// Puts a row's values in the place of <<name>>. A text that is nothing but one takes the value with its type.
Value FillRow(const Value& pattern, const Value& row) {
  Value filled = pattern;
  if (pattern.is_string() || pattern.type == Value::Type::kRaw) {
    for (std::size_t i = 0; i < row.items.size(); ++i) {
      const std::string mark = "<<" + row.keys[i] + ">>";
      if (pattern.is_string() && pattern.text == mark) {
        filled = row.items[i];
        return filled;
      }
      for (std::size_t at = filled.text.find(mark); at != std::string::npos; at = filled.text.find(mark, at)) {
        filled.text.replace(at, mark.size(), row.items[i].text);
        at += row.items[i].text.size();
      }
    }
    if (filled.text.find("<<") != std::string::npos)
      Refuse(pattern, "the row at line " + std::to_string(row.line) + " has no value for " + filled.text);
    return filled;
  }
  for (Value& item : filled.items) item = FillRow(item, row);
  return filled;
}

Value Without(const Value& map, const std::string& key) {
  Value rest = map;
  for (std::size_t i = rest.keys.size(); i-- > 0;) {
    if (rest.keys[i] != key) continue;
    rest.keys.erase(rest.keys.begin() + static_cast<std::ptrdiff_t>(i));
    rest.items.erase(rest.items.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return rest;
}

// ---- templates ----------------------------------------------------------------------------------------------------

class NameCheck {
 public:
  explicit NameCheck(const Case& checked) {
    known_ = {"run",     "app1",     "app2", "unique", "unique_number", "now",
              "webhook", "endpoint", "host", "hash",   "body",          "body_bytes"};
    for (const auto& [name, value] : checked.variables) {
      Tree(value);
      known_.insert(name);
    }
    for (const Step& step : checked.steps) OfStep(step);
  }

 private:
  void OfStep(const Step& step) {
    line_ = step.line;
    if (step.request) Tree(*step.request);
    Text(step.body);
    Text(step.path);
    for (const auto& [name, value] : step.headers) Text(value.value_or(""));
    Text(step.http.value_or(""));
    if (step.webhook) {
      Text(step.webhook->path);
      for (const FieldRule& rule : step.webhook->where) Tree(rule.rule);
    }
    for (const FieldRule& rule : step.expect.fields) Tree(rule.rule);
    for (const Capture& capture : step.captures) known_.insert(capture.name);
  }

  void Tree(const Value& value) {
    if (value.line > 0) line_ = value.line;
    if (value.is_string() || value.type == Value::Type::kRaw) Text(value.text);
    for (const Value& item : value.items) Tree(item);
  }

  void Text(const std::string& text) {
    const auto names = NamesIn(text);
    if (!names.ok()) throw Mistake{line_, names.error()};
    for (const std::string& name : *names) {
      const bool of_world = name.starts_with("service.") || name.starts_with("app.");
      if (!of_world && known_.count(name) == 0) throw Mistake{line_, "nothing is called '" + name + "' here"};
    }
  }

  std::set<std::string> known_;
  int line_ = 0;
};

// ---- cases --------------------------------------------------------------------------------------------------------

bool IsId(const std::string& id) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  return !id.empty() && std::all_of(id.begin(), id.end(), good);
}

const std::vector<std::pair<std::string, Contract>> kContracts = {{"published", Contract::kPublished},
                                                                  {"house", Contract::kHouse}};
const std::vector<std::pair<std::string, Front>> kFronts = {{"answers", Front::kAnswers},
                                                            {"rewrites", Front::kRewrites}};
const std::vector<std::pair<std::string, Profile>> kProfiles = {{"sandbox", Profile::kSandbox},
                                                                {"merchant", Profile::kMerchant}};

void CheckCase(const Value& value, const Case& read) {
  if (!IsId(read.id)) Refuse(value, "a case needs an id of small letters, digits, '-' and '.'");
  const std::string which = "the case " + read.id;
  if (read.title.empty()) Refuse(value, which + " needs a title");
  if (!read.clause.starts_with("docs/") || read.clause.find('#') == std::string::npos) {
    Refuse(value, which + " needs a clause: a page below docs/ and a heading, such as docs/api/protocol.md#signing");
  }
  if (value.Find("contract") == nullptr) Refuse(value, which + " needs contract: published or house");
  if (read.steps.empty() != read.watch.has_value()) Refuse(value, which + " needs steps, or a watch in their place");
}

Case ReadCase(const std::string& file, const Value& value) {
  Case read;
  read.file = file;
  read.line = value.line;
  ReadMapping(value, "a case",
              {{"id", [&](const Value& v) { read.id = TextOf(v, "id"); }},
               {"title", [&](const Value& v) { read.title = TextOf(v, "title"); }},
               {"clause", [&](const Value& v) { read.clause = TextOf(v, "clause"); }},
               {"contract", [&](const Value& v) { read.contract = WordOf(v, "contract", kContracts); }},
               {"profile", [&](const Value& v) { read.profile = WordOf(v, "profile", kProfiles); }},
               {"needs", [&](const Value& v) { read.needs = WordsOf(v, "needs"); }},
               {"locks", [&](const Value& v) { read.locks = WordsOf(v, "locks"); }},
               {"last", [&](const Value& v) { read.last = BoolOf(v, "last"); }},
               {"front", [&](const Value& v) { read.front = WordOf(v, "front", kFronts); }},
               {"let",
                [&](const Value& v) {
                  if (!v.is_map()) Refuse(v, "let must be a mapping of names to values");
                  for (std::size_t i = 0; i < v.items.size(); ++i) read.variables.emplace_back(v.keys[i], v.items[i]);
                }},
               {"watch", [&](const Value& v) { read.watch = WordOf(v, "watch", WatchWords()); }},
               {"steps", [&](const Value& v) {
                  if (!v.is_list()) Refuse(v, "steps must be a list");
                  for (const Value& step : v.items) read.steps.push_back(ReadStep(step));
                }}});
  CheckCase(value, read);
  NameCheck check(read);
  return read;
}

void ReadCaseOrTable(const std::string& file, const Value& value, std::vector<Case>* cases) {
  const Value* each = value.Find("each");
  if (each == nullptr) {
    cases->push_back(ReadCase(file, value));
    return;
  }
  if (!each->is_map() || each->items.empty()) Refuse(*each, "each must be a mapping of row names to rows");
  for (std::size_t i = 0; i < each->items.size(); ++i) {
    const Value& row = each->items[i];
    if (!row.is_map()) Refuse(row, "a row must be a mapping");
    Value filled = FillRow(Without(value, "each"), row);
    const auto id = std::find(filled.keys.begin(), filled.keys.end(), "id") - filled.keys.begin();
    filled.items[static_cast<std::size_t>(id)].text += "." + each->keys[i];
    Case read = ReadCase(file, filled);
    read.line = row.line;
    cases->push_back(std::move(read));
  }
}

std::vector<Case> ReadFile(const std::string& file, const Value& root) {
  std::vector<Case> cases;
  ReadMapping(root, "the file", {{"cases", [&](const Value& list) {
                                    if (!list.is_list()) Refuse(list, "cases must be a list");
                                    for (const Value& value : list.items) {
                                      if (value.Find("id") == nullptr) Refuse(value, "a case needs an id");
                                      ReadCaseOrTable(file, value, &cases);
                                    }
                                  }}});
  if (cases.empty()) Refuse(root, "the file has no cases");
  return cases;
}

base::Result<std::vector<EmbeddedFile>, CaseMistake> FilesOf(const std::string& directory) {
  if (directory.empty()) return EmbeddedFiles();
  std::vector<EmbeddedFile> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".yaml") continue;
    auto text = ReadWholeFile(entry.path());
    if (!text) return base::Fail(entry.path().string() + " cannot be read");
    files.push_back({entry.path().string(), std::move(*text)});
  }
  if (error || files.empty()) return base::Fail("There are no case files (*.yaml) in " + directory);
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

}  // namespace

const std::vector<std::pair<std::string, SignFault>>& SignFaultWords() {
  static const std::vector<std::pair<std::string, SignFault>> words = {{"right", SignFault::kNone},
                                                                       {"flip-body", SignFault::kFlipBody},
                                                                       {"flip-hash", SignFault::kFlipHash},
                                                                       {"flip-first-byte", SignFault::kFlipFirst},
                                                                       {"flip-last-byte", SignFault::kFlipLast},
                                                                       {"flip-secret", SignFault::kFlipSecret},
                                                                       {"upper-case", SignFault::kUpperCase},
                                                                       {"127-digits", SignFault::kShort},
                                                                       {"129-digits", SignFault::kLong},
                                                                       {"space-inside", SignFault::kSpaceInside},
                                                                       {"not-hex", SignFault::kNotHex},
                                                                       {"other-secret", SignFault::kOtherSecret},
                                                                       {"reserialised", SignFault::kReserialised},
                                                                       {"secret-first", SignFault::kSecretFirst},
                                                                       {"hmac", SignFault::kHmac},
                                                                       {"body-only", SignFault::kBodyOnly}};
  return words;
}

const std::vector<std::pair<std::string, Watch>>& WatchWords() {
  static const std::vector<std::pair<std::string, Watch>> words = {{"envelope", Watch::kEnvelope},
                                                                   {"error-object", Watch::kErrorObject},
                                                                   {"details", Watch::kDetails},
                                                                   {"context", Watch::kContext},
                                                                   {"published-messages", Watch::kPublishedMessages},
                                                                   {"messages", Watch::kMessages},
                                                                   {"http-status", Watch::kHttpStatus},
                                                                   {"signed", Watch::kSigned},
                                                                   {"unsigned", Watch::kUnsigned},
                                                                   {"request-ids", Watch::kRequestIds},
                                                                   {"request-id-header", Watch::kRequestIdHeader},
                                                                   {"compact", Watch::kCompact},
                                                                   {"content-type", Watch::kContentType},
                                                                   {"processing-time", Watch::kProcessingTime}};
  return words;
}

std::set<int> Case::Codes() const {
  std::set<int> codes;
  for (const Step& step : steps) {
    for (const int code : step.expect.codes) {
      if (code != 0) codes.insert(code);
    }
    for (const auto& [code, count] : step.expect.counts) {
      if (code != 0 && count > 0) codes.insert(code);
    }
    // 7000 never answers a call: it stands in a payment.
    for (const FieldRule& rule : step.expect.fields) {
      if (rule.path.ends_with("status.error.code") && rule.rule.text == "7000") codes.insert(7000);
    }
  }
  return codes;
}

base::Result<std::vector<Case>, CaseMistake> LoadCases(const std::string& file, const std::string& text) {
  const auto root = ReadYaml(file, text);
  if (!root.ok()) return base::Fail(root.error());
  try {
    return ReadFile(file, *root);
  } catch (const Mistake& mistake) {
    return base::Fail(MistakeAt(file, mistake.line, mistake.what));
  }
}

base::Result<std::vector<Case>, CaseMistake> LoadAllCases(const std::string& directory) {
  const auto files = FilesOf(directory);
  if (!files.ok()) return base::Fail(files.error());
  std::vector<Case> all;
  std::set<std::string> ids;
  for (const EmbeddedFile& file : *files) {
    if (directory.empty() && file.name.find("/cases/") == std::string::npos) continue;
    auto cases = LoadCases(file.name, file.text);
    if (!cases.ok()) return base::Fail(cases.error());
    for (Case& one : cases.value()) {
      if (!ids.insert(one.id).second) {
        return base::Fail(MistakeAt(one.file, one.line, "the id " + one.id + " is taken by another case"));
      }
      all.push_back(std::move(one));
    }
  }
  return all;
}

}  // namespace multihub::conformance
