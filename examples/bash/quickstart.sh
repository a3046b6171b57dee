#!/usr/bin/env bash
# A walk through the API, by default at the sandbox that `./dev run` serves: ./quickstart.sh
set -euo pipefail

export MULTIHUB_URL=${MULTIHUB_URL:-http://127.0.0.1:8080/public/api/multihub/v1}
export MULTIHUB_APPLICATION_ID=${MULTIHUB_APPLICATION_ID:-1}
export MULTIHUB_SECRET=${MULTIHUB_SECRET:-sandbox-secret-1-do-not-use-in-production}
# shellcheck source=multihub.sh
. "$(dirname "${BASH_SOURCE[0]}")/multihub.sh"

run=$(openssl rand -hex 6)

pong=$(multihub_ping)
echo "ping: $(jq -r .message <<<"$pong")"
multihub_balance | jq -r '.balance.amounts[] | "balance: \(.value) \(.currency), frozen \(.value_freezing)"'

order="order-$run"
fields='{"payer":{"email":"buyer@example.com","person":{"first_name":"Zoë"}},"description":"Café, 2 €"}'
deposit=$(multihub_deposit 14701 25000 INR "\"$order\"" "$fields")
echo "deposit $order: $(jq -r '"\(.status.status), \(.identifiers.h_id)"' <<<"$deposit")"
echo "the payer's link: $(jq -r .redirect.to <<<"$deposit")"
deposit=$(multihub_wait_until_final "\"$order\"")
echo "deposit $order: $(jq -r .status.status <<<"$deposit")"

withdrawal="payout-$run"
receiver='{"person":{"first_name":"Inés","last_name":"Vega"},"bank":{"account":{"id":"646180000000000423"}}}'
payout=$(multihub_payout 14801 150000 MXN "\"$withdrawal\"" "$receiver")
echo "payout $withdrawal: $(jq -r '"\(.status.status), \(.identifiers.h_id)"' <<<"$payout")"
payout=$(multihub_wait_until_final "\"$withdrawal\"")
echo "payout $withdrawal: $(jq -r .status.status <<<"$payout")"

payment=$(multihub_status "\"$order\"")
echo "status of $order: $(jq -r '"\(.status.status), version \(.status_version)"' <<<"$payment")"

status=0
error=$(multihub_deposit 14701 25000 INR "\"$order\"") || status=$?
if ((status == MULTIHUB_EXISTS)); then
  echo "the same c_id again: refused, it is $(jq -r '.context | "\(.identifiers.h_id) (\(.status))"' <<<"$error")"
fi

status=0
error=$(multihub_deposit 14701 1 INR "\"small-$run\"") || status=$?
if ((status == MULTIHUB_REFUSED)); then
  limits=$(jq -r '.context | "from \(.min) to \(.max)"' <<<"$error")
  echo "an amount below the minimum: refused, $(jq -r '"\(.code) \(.message)"' <<<"$error") ($limits)"
fi
