#!/usr/bin/env bash
# One call of the shell functions, as the tests order it. What came of it is printed as one line of JSON.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/multihub.sh"

export MULTIHUB_TIMEOUT=$TIMEOUT_S
slept=$(mktemp)
trap 'rm -f "$slept"' EXIT
multihub_sleep() { echo "$1" >>"$slept"; }

say() { # OUTCOME [MORE, as JSON]
  jq -cn --arg outcome "$1" --argjson more "${2:-"{}"}" --slurpfile slept "$slept" '{$outcome, $slept} + $more'
}

verify() {
  local event refused
  if event=$(multihub_verify_webhook "$@" 2>"$slept.err"); then
    say "done" "$(jq -c '{result: .id}' <<<"$event")"
  else
    refused=$(<"$slept.err")
    : >"$slept"
    say "webhook refused" "$(jq -cn --arg header "${refused#refused: }" '{$header}')"
  fi
  rm -f "$slept.err"
}

call() {
  local answer status=0
  answer=$("$@" 2>/dev/null) || status=$?
  case $status in
    0) say "done" "$(jq -c '{result: (if has("message") then .message else .balance // . end)}' <<<"$answer")" ;;
    "$MULTIHUB_REFUSED") say refused "$(jq -c '{code}' <<<"$answer")" ;;
    "$MULTIHUB_NO_ANSWER") say "no answer" ;;
    "$MULTIHUB_BAD_SIGNATURE") say "bad signature" ;;
    "$MULTIHUB_UNKNOWN") say unknown ;;
    "$MULTIHUB_EXISTS") say exists "$(jq -c '.context | {h_id: .identifiers.h_id, status}' <<<"$answer")" ;;
    *) say "status $status" ;;
  esac
}

word=$1
shift
case $word in
  ping | balance | status) call "multihub_$word" "$@" ;;
  deposit) call multihub_deposit 14702 "$2" INR "$1" "{\"payer\":{},\"description\":\"Zoë's 2 € </b>\"}" ;;
  payout) call multihub_payout 14801 "$2" MXN "$1" '{"bank":{"account":{"id":"646180000000000423"}}}' ;;
  verify) verify "$@" ;;
esac
