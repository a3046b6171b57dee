// Judges answers. Pure: no network, no clock, no state.
#pragma once

#include <string>
#include <vector>

#include "conformance/answer.h"
#include "conformance/case_model.h"
#include "conformance/fields.h"

namespace multihub::conformance {

using Complaints = std::vector<std::string>;  // a line each; none: all holds

// Code, HTTP status where the expectation names one, signature where it asks for it, closing, fields. The templates of
// the expectation are expanded already. Answers sent at once are judged by JudgeCounts instead.
Complaints Judge(const Expectation& expect, const Answer& answer);
Complaints JudgeFields(const std::vector<FieldRule>& rules, const Fields& fields);
Complaints JudgeCounts(const Expectation& expect, const std::vector<Answer>& answers);

// An answer of the run with what is known about its request.
struct Observation {
  std::string case_id;
  Answer answer;
  bool authenticated = false;  // the request was signed rightly by an application that may call
  SignedAnswer is_signed = SignedAnswer::kByCode;
};

// The first few breaches over all answers that are envelopes. `looked_at` counts the answers that said something.
Complaints JudgeWatch(Watch watch, const std::vector<Observation>& observations, int* looked_at);

}  // namespace multihub::conformance
