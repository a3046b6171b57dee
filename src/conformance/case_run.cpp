#include "conformance/case_run.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <thread>

#include "conformance/outgoing.h"
#include "multihub/base/clock.h"
#include "multihub/base/digest.h"
#include "multihub/base/encoding.h"

namespace multihub::conformance {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

// Of one call, which may lose the race for a token to other cases several times.
constexpr std::int64_t kMaxRateLimitWaitMs = 90'000;
// Of all cases together, when no call is let through meanwhile.
constexpr std::int64_t kMaxVainMs = 8 * kMaxRateLimitWaitMs;
constexpr std::int64_t kMaxPollPauseMs = 400;
// How often the wait for a webhook looks whether it is still worth while.
constexpr std::int64_t kWebhookLookMs = 500;
constexpr int kSheds = 1000;

// How a case ends before its last step. Thrown and caught inside this file.
struct Failed {
  Complaints reasons;
};
struct Skipped {
  std::string reason;
};

struct Prepared {
  std::string bytes;
  std::string_view secret;
  bool authenticated = false;
};

std::int64_t RetryAfterMs(const Answer& answer) {
  const std::string* header = answer.http().Header("retry-after");
  std::int64_t seconds = 1;
  if (header != nullptr) std::from_chars(header->data(), header->data() + header->size(), seconds);
  return std::clamp<std::int64_t>(seconds * 1000, 1000, kMaxRateLimitWaitMs);
}

bool Expects(const Expectation& expect, int code) {
  const bool counted = std::any_of(expect.counts.begin(), expect.counts.end(),
                                   [code](const auto& count) { return count.first == code; });
  return counted || std::find(expect.codes.begin(), expect.codes.end(), code) != expect.codes.end();
}

const std::string* HeaderOf(const ReceivedWebhook& webhook, const std::string& name) {
  for (const auto& [key, value] : webhook.headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string TextOf(const ReceivedWebhook& webhook, const std::string& name) {
  const std::string* value = HeaderOf(webhook, name);
  return value == nullptr ? "" : *value;
}

// One of the signatures in the list verifies.
bool VerifiesStandard(const ReceivedWebhook& webhook, const std::string& whsec) {
  const std::string prefix = "whsec_";
  const auto key = base::Base64Decode(whsec.starts_with(prefix) ? whsec.substr(prefix.size()) : whsec);
  if (!key) return false;
  const std::string_view key_bytes(reinterpret_cast<const char*>(key->data()), key->size());
  const std::string signed_text =
      TextOf(webhook, "webhook-id") + "." + TextOf(webhook, "webhook-timestamp") + "." + webhook.body;
  const std::string wanted = "v1," + base::Base64Encode(base::HmacSha256(key_bytes, {signed_text}));
  return (" " + TextOf(webhook, "webhook-signature") + " ").find(" " + wanted + " ") != std::string::npos;
}

class CaseRun {
 public:
  CaseRun(const Case& wanted, RunContext* context, CaseResult* result)
      : case_(wanted), context_(*context), result_(*result) {
    scope_.unique = [this] { return context_.run_id + "-" + std::to_string(++context_.next_unique); };
    scope_.unique_number = [this] { return ++context_.next_number; };
    scope_.Set("run", Variable::OfText(context_.run_id));
    scope_.Set("endpoint", Variable::OfText(context_.endpoint));
    scope_.Set("host", Variable::OfText(context_.host));
    for (const auto& [name, caller] : context_.callers) scope_.Set(name, Variable::OfNumber(caller.application));
    for (const auto& [name, variable] : context_.world.variables) scope_.Set(name, variable);
    if (context_.listener != nullptr) scope_.Set("webhook", Variable::OfText(context_.webhook_url));
  }

  void Run() {
    try {
      CheckNeeds();
      for (const auto& [name, value] : case_.variables) Let(name, value);
      for (const Step& step : case_.steps) RunStep(step);
      result_.verdict = Verdict::kPassed;
    } catch (const Failed& failed) {
      result_.verdict = Verdict::kFailed;
      result_.reasons = failed.reasons;
      if (auto other = SomebodyElse()) result_.reasons.push_back(std::move(*other));
    } catch (const Skipped& skipped) {
      result_.verdict = Verdict::kSkipped;
      result_.reasons = {skipped.reason};
    }
  }

 private:
  // ---- what there has to be
  // ------------------------------------------------------------------------------------------

  void CheckNeeds() const {
    for (const std::string& need : case_.needs) {
      if (need == "webhooks" && context_.listener == nullptr) throw Skipped{context_.no_listener};
      if (need != "webhooks" && context_.world.capabilities.count(need) == 0) {
        throw Skipped{"needs '" + need + "', which this gateway is not said to have (see --services)"};
      }
    }
    for (const Step& step : case_.steps) CallerOf(step);
  }

  const Caller& CallerOf(const Step& step) const {
    const auto found = context_.callers.find(step.application);
    if (found != context_.callers.end()) return found->second;
    throw Skipped{step.application == "app2" ? "needs a second application (--app2 and --secret2-file)"
                                             : "needs an application '" + step.application + "' (see --services)"};
  }

  [[noreturn]] void Missing(const TemplateProblem& problem) const {
    const std::string& name = problem.unknown_name;
    if (name.starts_with("service.")) throw Skipped{"needs the " + name + " (see --services)"};
    if (name.starts_with("app")) throw Skipped{"needs the application " + name + " (see --app2 and --services)"};
    if (name == "webhook") throw Skipped{context_.no_listener};
    throw Failed{{"the case itself is wrong: " + problem.what}};
  }

  std::string Text(const std::string& text) const {
    auto expanded = Expand(text, scope_);
    if (!expanded.ok()) Missing(expanded.error());
    return std::move(expanded).value();
  }

  Value Tree(Value value) const {
    if (const auto problem = ExpandTree(&value, scope_)) Missing(*problem);
    return value;
  }

  void Let(const std::string& name, const Value& value) {
    const Value expanded = Tree(value);
    Variable variable;
    variable.json = RenderJson(expanded);
    variable.text = expanded.is_string() ? expanded.text : variable.json;
    scope_.Set(name, std::move(variable));
  }

  void SetNow() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    scope_.Set("now", Variable::OfNumber(std::chrono::duration_cast<std::chrono::seconds>(now).count()));
  }

  // Whether a proxy may have a hand in what is answered.
  bool BehindProxy() const { return case_.front != Front::kPasses && !context_.direct; }

  void CheckFront(const Step& step, const Answer& answer) const {
    if (!answer.code()) throw Skipped{"a proxy in front of the gateway answered itself: " + Describe(answer)};
    if (case_.front == Front::kRewrites && !Expects(step.expect, *answer.code())) {
      throw Skipped{"a proxy in front of the gateway may have put the request right: " + Describe(answer)};
    }
  }

  Expectation Expanded(const Expectation& expect) const {
    Expectation expanded = expect;
    // A proxy keeps its own connections.
    if (BehindProxy()) expanded.closes = false;
    for (FieldRule& rule : expanded.fields) rule.rule = Tree(rule.rule);
    return expanded;
  }

  // ---- sending
  // -------------------------------------------------------------------------------------------------------

  std::string BodyOf(const Step& step) const {
    return step.request ? RenderJson(Tree(*step.request)) : Text(step.body);
  }

  Prepared Prepare(const Step& step) {
    SetNow();
    const Caller& caller = CallerOf(step);
    const auto second = context_.callers.find("app2");
    const std::string_view other = second == context_.callers.end() ? "another secret" : second->second.secret.Reveal();
    Prepared prepared;
    prepared.secret = caller.secret.Reveal();
    const std::string body = BodyOf(step);
    const std::string hash = SignatureText(step.sign, body, prepared.secret, other);
    const std::string sent = SentBody(step.sign, body);
    if (step.http) {
      scope_.Set("hash", Variable::OfText(hash));
      scope_.Set("body", Variable::OfText(sent));
      scope_.Set("body_bytes", Variable::OfNumber(static_cast<std::int64_t>(sent.size())));
      prepared.bytes = Text(*step.http);
      return prepared;
    }
    OutgoingRequest request;
    request.verb = Text(step.verb);
    request.path = step.path.empty() ? context_.endpoint : context_.prefix + Text(step.path);
    request.host = context_.host;
    request.body = sent;
    request.headers = {{"Content-Type", "application/json"},
                       {"X-Data-Application-Id", std::to_string(caller.application)},
                       {"X-Data-Hash", hash}};
    prepared.authenticated = step.sign == SignFault::kNone || step.sign == SignFault::kUpperCase;
    for (const auto& [name, value] : step.headers) {
      SetHeader(&request, name, value ? std::optional(Text(*value)) : std::nullopt);
      if (name.starts_with("X-Data-")) prepared.authenticated = false;
    }
    prepared.bytes = ToBytes(request);
    return prepared;
  }

  // One call, on this thread; nullopt and a reason when nothing came back. Does not touch the case's state.
  std::optional<Answer> Transact(const Prepared& prepared, const Step& step, std::string* why) const {
    if (context_.silent_in_a_row >= kSilentCalls) throw Skipped{"the gateway has stopped answering"};
    auto response = Converse(context_.target, prepared.bytes, step.expect.closes, context_.timeout_ms);
    if (!response.ok()) {
      // Malformed requests may be met with silence; that says nothing about the gateway's health.
      if (!step.http) ++context_.silent_in_a_row;
      *why = response.error();
      return std::nullopt;
    }
    context_.silent_in_a_row = 0;
    Answer answer(std::move(response).value(), prepared.secret);
    if (BehindProxy()) return answer;  // whose answer it is nobody knows
    const std::lock_guard lock(context_.mutex);
    context_.observations.push_back({case_.id, answer, prepared.authenticated, step.expect.is_signed});
    return answer;
  }

  void Record(const Step& step, const Prepared& prepared, const std::string& response) {
    // Of polling the last exchange says all.
    if (step.poll_ms > 0 && !result_.exchanges.empty() && last_recorded_ == &step) result_.exchanges.pop_back();
    last_recorded_ = &step;
    const std::size_t number = static_cast<std::size_t>(&step - case_.steps.data()) + 1;
    result_.exchanges.push_back({"step " + std::to_string(number) + (step.name.empty() ? "" : ", " + step.name),
                                 ForPeople(prepared.bytes), ForPeople(response)});
  }

  [[noreturn]] void NoAnswer(const std::string& why) const {
    if (BehindProxy()) {
      throw Skipped{"no answer (" + why + "): a proxy in front may have dropped the request (--direct: none is there)"};
    }
    throw Failed{{"no answer: " + why}};
  }

  Answer Send(const Step& step) {
    const Prepared prepared = Prepare(step);
    for (std::int64_t waited_ms = 0;;) {
      std::string why;
      const std::optional<Answer> answer = Transact(prepared, step, &why);
      Record(step, prepared, answer ? answer->http().head + "\n" + answer->http().body : "(" + why + ")");
      if (!answer) NoAnswer(why);
      if (BehindProxy()) CheckFront(step, *answer);
      if (answer->code() != kSheds) context_.vain_ms = 0;
      const bool shed = answer->code() == kSheds && !Expects(step.expect, kSheds);
      const std::int64_t wait_ms = RetryAfterMs(*answer);
      const bool too_long = waited_ms + wait_ms > kMaxRateLimitWaitMs || context_.vain_ms >= kMaxVainMs;
      if (!shed || too_long) return *answer;
      waited_ms += wait_ms;
      context_.waited_ms += wait_ms;
      context_.vain_ms += wait_ms;
      std::this_thread::sleep_for(Milliseconds(wait_ms));
    }
  }

  // ---- others at the same gateway
  // ----------------------------------------------------------------------------------

  bool IsOurs(const std::string& c_id) const {
    if (c_id.find(context_.run_id) != std::string::npos) return true;
    std::int64_t number = 0;
    const bool read = std::from_chars(c_id.data(), c_id.data() + c_id.size(), number).ec == std::errc();
    return read && number > context_.first_number && number <= context_.next_number;
  }

  // The c_id of a payment of another caller of this application in the newest events since this case began.
  std::optional<std::string> PaymentOfAnother(const std::string& application) {
    Step step;
    step.application = application;
    step.body = R"({"method":"event.list","params":{"limit":100,"from":)" + std::to_string(began_s_) + "}}";
    step.expect.codes = {0};
    if (context_.callers.count(application) == 0 || context_.silent_in_a_row > 0) return std::nullopt;
    const auto response = Converse(context_.target, Prepare(step).bytes, false, context_.timeout_ms);
    if (!response.ok()) return std::nullopt;
    const Fields fields = Fields::Of(Answer(*response, ""));
    const base::JsonValue events = fields.At("result.events");
    for (std::size_t i = 0; events.is_array() && i < events.size(); ++i) {
      const base::JsonValue c_id = events.at(i)["c_id"];
      const std::string text(c_id.is_string() ? c_id.string() : c_id.present() ? c_id.raw() : "");
      if (!IsOurs(text)) return text;
    }
    return std::nullopt;
  }

  // Cases that hold a lock measure a balance: somebody else's payments spoil that. Gateways without an event log do not
  // tell.
  std::optional<std::string> SomebodyElse() {
    for (const std::string& lock : case_.locks) {
      const std::string application = lock.substr(0, lock.find('.'));
      if (const auto c_id = PaymentOfAnother(application)) {
        return "somebody else paid as " + application + " at the same time (c_id " + ForPeople(c_id->substr(0, 64)) +
               "): what is measured of its balance says nothing; run the suite alone";
      }
    }
    return std::nullopt;
  }

  // ---- kinds of steps
  // ------------------------------------------------------------------------------------------------

  void RunStep(const Step& step) {
    if (step.webhook) {
      AwaitWebhook(step);
    } else if (step.at_once > 1) {
      SendAtOnce(step);
    } else if (step.poll_ms > 0) {
      Poll(step);
    } else {
      SendUntilExpected(step);
    }
  }

  [[noreturn]] void Complain(const Step& step, const Complaints& complaints) const {
    const std::size_t number = static_cast<std::size_t>(&step - case_.steps.data()) + 1;
    Complaints reasons;
    const std::string where = case_.steps.size() == 1 ? ""
                                                      : "step " + std::to_string(number) +
                                                            (step.name.empty() ? "" : " (" + step.name + ")") + ": ";
    for (const std::string& complaint : complaints) reasons.push_back(where + complaint);
    throw Failed{reasons};
  }

  void SendUntilExpected(const Step& step) {
    for (int sent = 1;; ++sent) {
      const Answer answer = Send(step);
      if (step.skip_when_refused && answer.code() == 1005) {
        throw Skipped{"the gateway does not call the address of this runner's listener (1005)"};
      }
      const Complaints complaints = Judge(Expanded(step.expect), answer);
      if (complaints.empty()) return Take(step, Fields::Of(answer));
      const bool right_code = answer.code() && Expects(step.expect, *answer.code());
      if (right_code || sent >= step.at_most) Complain(step, complaints);
    }
  }

  // Whether the same question may be answered better later: with what is asked for, in another state.
  bool MayChange(const Step& step, const Answer& answer) const {
    Expectation but_for_fields = Expanded(step.expect);
    but_for_fields.fields.clear();
    if (!Judge(but_for_fields, answer).empty()) return false;
    const Fields fields = Fields::Of(answer);
    return std::all_of(step.expect.fields.begin(), step.expect.fields.end(), [&fields](const FieldRule& rule) {
      const std::string result = "result.";
      if (!rule.path.starts_with(result)) return true;
      const std::size_t end = rule.path.find_first_of(".[", result.size());
      return end == std::string::npos || fields.At(rule.path.substr(0, end)).present();
    });
  }

  [[noreturn]] static void GiveUpWaiting(const std::string& what) {
    throw Skipped{"not waited for: " + std::to_string(kVainWaits) + " waits for " + what + " before it were in vain"};
  }

  void Poll(const Step& step) {
    const auto until = Clock::now() + Milliseconds(step.poll_ms);
    for (std::int64_t pause_ms = 100;; pause_ms = std::min(pause_ms * 3 / 2, kMaxPollPauseMs)) {
      const Answer answer = Send(step);
      Complaints complaints = Judge(Expanded(step.expect), answer);
      if (complaints.empty()) {
        context_.vain_polls = 0;
        return Take(step, Fields::Of(answer));
      }
      if (!MayChange(step, answer)) Complain(step, complaints);
      if (Clock::now() + Milliseconds(pause_ms) >= until) {
        ++context_.vain_polls;
        complaints.front() += " (waited " + std::to_string(step.poll_ms / 1000) + " s)";
        Complain(step, complaints);
      }
      if (context_.vain_polls >= kVainWaits) GiveUpWaiting("a change");
      std::this_thread::sleep_for(Milliseconds(pause_ms));
    }
  }

  void SendAtOnce(const Step& step) {
    std::vector<Prepared> prepared;
    for (int i = 0; i < step.at_once; ++i) prepared.push_back(Prepare(step));
    std::vector<std::optional<Answer>> answers(prepared.size());
    std::vector<std::string> whys(prepared.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < prepared.size(); ++i) {
      threads.emplace_back([&, i] {
        try {
          answers[i] = Transact(prepared[i], step, &whys[i]);
        } catch (const Skipped& skipped) {
          whys[i] = skipped.reason;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::vector<Answer> came;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const bool there = answers[i].has_value();
      Record(step, prepared[i], there ? answers[i]->http().head + "\n" + answers[i]->http().body : whys[i]);
      if (!there) NoAnswer(whys[i]);
      came.push_back(*answers[i]);
    }
    const Expectation expect = Expanded(step.expect);
    Complaints complaints = JudgeCounts(expect, came);
    const auto success = std::find_if(came.begin(), came.end(), [](const Answer& a) { return a.code() == 0; });
    const Fields fields = Fields::Of(success == came.end() ? came.front() : *success);
    for (std::string& complaint : JudgeFields(expect.fields, fields)) complaints.push_back(std::move(complaint));
    if (!complaints.empty()) Complain(step, complaints);
    Take(step, fields);
  }

  Fields Read(const ReceivedWebhook& webhook, const std::vector<ReceivedWebhook>& all, const Step& step) const {
    const std::string_view secret = CallerOf(step).secret.Reveal();
    const std::string timestamp = TextOf(webhook, "x-webhook-timestamp");
    const auto boolean = [](bool value) { return std::string(value ? "true" : "false"); };
    const bool plain = TextOf(webhook, "x-data-hash") == base::HexEncode(base::Sha512({webhook.body, secret}));
    const bool v2 =
        TextOf(webhook, "x-webhook-signature-v2") == base::HexEncode(base::Sha512({timestamp, webhook.body, secret}));
    std::set<std::string> bodies, nonces;
    std::size_t attempts = 0;
    for (const ReceivedWebhook& other : all) {
      if (TextOf(other, "x-webhook-id") != TextOf(webhook, "x-webhook-id")) continue;
      ++attempts;
      bodies.insert(other.body);
      nonces.insert(TextOf(other, "x-webhook-nonce"));
    }
    Fields::Named signatures = {{"hash", boolean(plain)},
                                {"v2", boolean(v2)},
                                {"attempts", std::to_string(attempts)},
                                {"same_bytes", boolean(bodies.size() == 1)},
                                {"fresh_nonces", boolean(nonces.size() == attempts)}};
    if (const Variable* whsec = scope_.Find("whsec")) {
      signatures.emplace_back("standard", boolean(VerifiesStandard(webhook, whsec->text)));
    }
    return Fields::Of(webhook.headers, webhook.body, signatures);
  }

  void AwaitWebhook(const Step& step) {
    const std::string path = Text(step.webhook->path);
    std::vector<FieldRule> where = step.webhook->where;
    for (FieldRule& rule : where) rule.rule = Tree(rule.rule);
    const auto fitting = [&](const std::vector<ReceivedWebhook>& all) {
      std::vector<Fields> found;
      for (const ReceivedWebhook& webhook : all) {
        Fields fields = Read(webhook, all, step);
        if (JudgeFields(where, fields).empty()) found.push_back(std::move(fields));
      }
      return found;
    };
    const auto enough = [&](const std::vector<ReceivedWebhook>& all) {
      return fitting(all).size() >= static_cast<std::size_t>(step.webhook->at_least);
    };
    const auto until = Clock::now() + Milliseconds(step.poll_ms);
    std::vector<ReceivedWebhook> all;
    do {
      if (context_.vain_webhooks >= kVainWaits) GiveUpWaiting("webhooks");
      // Where nothing changes there is nothing to tell of.
      if (context_.vain_polls >= kVainWaits) GiveUpWaiting("a change");
      all = context_.listener->WaitFor(path, Milliseconds(kWebhookLookMs), enough);
    } while (!enough(all) && Clock::now() < until);
    for (const ReceivedWebhook& webhook : all) {
      std::string head;
      for (const auto& [name, value] : webhook.headers) head += name + ": " + value + "\n";
      result_.exchanges.push_back({"a webhook came to " + path, ForPeople(head + "\n" + webhook.body), "(answered)"});
    }
    const std::vector<Fields> found = fitting(all);
    if (found.size() < static_cast<std::size_t>(step.webhook->at_least)) {
      ++context_.vain_webhooks;
      Complain(step,
               {"of " + std::to_string(all.size()) + " webhooks that came within " +
                std::to_string(step.poll_ms / 1000) + " s " + std::to_string(found.size()) + " are the one expected"});
    }
    context_.vain_webhooks = 0;
    const Complaints complaints = JudgeFields(Expanded(step.expect).fields, found.front());
    if (!complaints.empty()) Complain(step, complaints);
    Take(step, found.front());
  }

  void Take(const Step& step, const Fields& fields) {
    for (const Capture& capture : step.captures) {
      const base::JsonValue found = fields.At(capture.path);
      if (!found.present()) {
        if (!capture.otherwise) Complain(step, {capture.path + " is missing"});
        Let(capture.name, *capture.otherwise);
        continue;
      }
      Variable variable;
      variable.json = std::string(found.raw());
      variable.text = found.is_string() ? std::string(found.string()) : variable.json;
      scope_.Set(capture.name, std::move(variable));
    }
  }

  const Case& case_;
  RunContext& context_;
  CaseResult& result_;
  Scope scope_;
  const Step* last_recorded_ = nullptr;
  const std::int64_t began_s_ = base::SystemClock().NowMs() / 1000 - 1;
};

}  // namespace

void RunCase(const Case& wanted, RunContext* context, CaseResult* result) {
  CaseRun(wanted, context, result).Run();
  // What held needs no evidence.
  if (result->verdict != Verdict::kFailed) result->exchanges.clear();
}

}  // namespace multihub::conformance
