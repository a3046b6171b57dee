// What came of a load besides its answers.
#pragma once

#include <cstdint>

#include "bench/databases.h"
#include "bench/generator.h"
#include "support/webhook_receiver.h"

namespace multihub::bench {

// The webhooks of the payments of a load, as if they were its answers: over the time until the last had come, with the
// latency from commit to arrival. A failure when they do not all come.
LoadResult Deliveries(const LoadResult& payments, const support::WebhookReceiver& receiver);

struct Lives {
  LoadResult load;  // counts payments that became final; latency from acceptance to the end
  double events_per_payment = 0;
  double entries_per_payment = 0;  // of the ledger
};
// Waits until every payment of the database is final, and takes the whole time since the first was accepted. A failure
// when they do not all end in success with `entries` ledger entries, or when more than one in a hundred has not
// `events` events: a payment whose end is reported before its first word was stored rightly has one less.
Lives AwaitLives(const LoadResult& payments, const Database& database, int events, int entries);

}  // namespace multihub::bench
