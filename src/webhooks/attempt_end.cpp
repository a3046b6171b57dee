#include "webhooks/attempt_end.h"

#include "multihub/base/seeded_fault.h"
#include "multihub/base/utf8.h"
#include "multihub/webhooks/retry_schedule.h"

namespace multihub::webhooks {
namespace {

// What a receiver said, as text that can be shown: whole UTF-8 characters, no control characters.
std::string Printable(std::string text) {
  // The cut after the first KiB may have split a character.
  for (int cut = 0; cut < 3 && !text.empty() && !base::IsValidUtf8(text); ++cut) text.pop_back();
  const bool valid = base::IsValidUtf8(text);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f || (byte >= 0x80 && !valid)) c = '?';
  }
  return text;
}

}  // namespace

bool SaysGone(const net::OutgoingAnswer& answer) {
  return answer.error == net::CallError::kNone && answer.status == 410;
}

storage::AttemptEnd EndOf(const storage::DeliveryRow& row, const storage::EndpointRow& endpoint,
                          const SentAttempt& sent, base::UnixMs now_ms, base::Random& random) {
  const net::OutgoingAnswer& answer = sent.answer;
  storage::AttemptEnd end;
  end.attempt = {row.id,
                 row.attempts + 1,
                 sent.started_ms,
                 answer.duration_ms,
                 answer.status,
                 std::string(net::NameOf(answer.error)),
                 Printable(answer.body)};
  if (Sender::IsSuccess(answer)) {
    end.state = storage::kDelivered;
    end.finished_ms = now_ms;
    return end;
  }
  const bool may_ask = answer.status == 429 || answer.status == 503;
  const auto pause_ms =
      NextPauseMs(endpoint, row.attempts + 1, may_ask ? answer.retry_after : std::string(), now_ms, random);
  if (SaysGone(answer) || !pause_ms || base::SeededFault("webhook-not-retried")) {
    end.state = storage::kFailed;
    end.outcome = SaysGone(answer) ? storage::kOutcomeGone : storage::kOutcomeExhausted;
    end.finished_ms = now_ms;
    return end;
  }
  end.state = storage::kPending;
  end.due_ms = now_ms + *pause_ms;
  return end;
}

}  // namespace multihub::webhooks
