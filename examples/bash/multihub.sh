# shellcheck shell=bash
# Functions for the multihub v1 API and for verifying its webhooks. Source this file; `set -euo pipefail` is fine.
#
# Needs bash 4.4 or later, curl, openssl, jq, and GNU date for webhooks. From the environment:
#
#   MULTIHUB_URL, MULTIHUB_APPLICATION_ID, MULTIHUB_SECRET
#   MULTIHUB_TIMEOUT    seconds for one answer in all (15; the gateway answers within 10)
#   MULTIHUB_ATTEMPTS   how often a call is sent before its failure is reported (3)
#   MULTIHUB_MAX_PAUSE  seconds; a Retry-After beyond it is left to the caller (30)
#
# The functions that call the gateway print one line of JSON and return:
#
#   0   done; the result (of those about a payment: the payment)
#   1   refused; the gateway's error: {"code", "message", "details", "context"}. Of a payment: this call created none,
#       unless the code is 2000 or 2001
#   2   no answer: a timeout, a lost connection, or an answer that is not the gateway's; nothing is printed
#   3   the answer's signature is wrong or missing; nothing is printed
#   4   nobody could say whether the payment exists; nothing is printed. Ask multihub_status later. Found: go on with
#       it. Code 6010 more than 60 seconds later: there is none. Until then use no other c_id for the same order
#   5   the c_id belongs to an earlier payment and no second one was created; the gateway's error, with the earlier
#       payment's identifiers and status in "context"
#   64  the arguments are no JSON where they have to be
#
# Explanations go to stderr. A c_id is given as JSON: '"order-1001"', or 1800000000042. Amounts are whole minor units.
#
# Secrets, signatures and accounts never stand among the arguments of a program, where other users of the machine could
# read them.

MULTIHUB_REFUSED=1
MULTIHUB_NO_ANSWER=2
MULTIHUB_BAD_SIGNATURE=3
MULTIHUB_UNKNOWN=4
MULTIHUB_EXISTS=5
MULTIHUB_USAGE=64

# ---- calls ----------------------------------------------------------------------------------------------------------

multihub_ping() {
  multihub_call gateway.ping '{}'
}

multihub_balance() {
  multihub_call balance.get '{}'
}

# C_ID: the payment as it is now. Refused with code 6010: there is none.
multihub_status() {
  _multihub_status c_id "$1"
}

# H_ID, as text.
multihub_status_by_h_id() {
  _multihub_status h_id "\"$1\""
}

# SERVICE_ID AMOUNT CURRENCY C_ID [FIELDS]: takes money from a payer (payment.in). FIELDS is a JSON object with further
# fields of the payment, such as payer and webhook_url. The answer may be lost and the call repeated: there is one
# payment for a c_id all the same.
multihub_deposit() {
  local fields=${5-}
  _multihub_create payment.in "$1" "$2" "$3" "$4" '{"payer":{}}' "${fields:-"{}"}"
}

# SERVICE_ID AMOUNT CURRENCY C_ID RECEIVER [FIELDS]: sends money to a receiver (payment.out).
multihub_payout() {
  local fields=${6-}
  _multihub_create payment.out "$1" "$2" "$3" "$4" "{\"receiver\":$5}" "${fields:-"{}"}"
}

# C_ID [SECONDS]: asks until the payment is final, or for a minute; look at .status.final. A server takes webhooks.
multihub_wait_until_final() {
  local payment status give_up=$((SECONDS + ${2:-60}))
  while true; do
    status=0
    payment=$(multihub_status "$1") || status=$?
    if ((status != 0 || SECONDS >= give_up)) || jq -e .status.final <<<"$payment" >/dev/null; then break; fi
    multihub_sleep 1
  done
  [[ -z $payment ]] || printf '%s\n' "$payment"
  return "$status"
}

# METHOD PARAMS: any method that may be repeated without harm, so not payment.in and payment.out. PARAMS is JSON.
multihub_call() {
  local body attempt status _answer _retry_after
  body=$(_multihub_encode "$1" "$2" null) || return "$MULTIHUB_USAGE"
  for ((attempt = 1; ; attempt++)); do
    status=0
    _multihub_exchange "$body" || status=$?
    if ((status == 0)) || ! _multihub_pause "$status" "$attempt"; then break; fi
  done
  _multihub_print "$_answer"
  return "$status"
}

# Seconds. To be replaced by who wants to wait in another way.
multihub_sleep() {
  sleep "$1"
}

# ---- webhooks -------------------------------------------------------------------------------------------------------

# HEADERS_FILE BODY_FILE: a webhook as it was received, a header a line, and the body's bytes. Prints the event and
# returns 0, or names the header that does not fit and returns 1. From the environment:
#
#   MULTIHUB_SECRET, MULTIHUB_WEBHOOK_SECRET (whsec_...)
#   MULTIHUB_PREVIOUS_SECRET, MULTIHUB_PREVIOUS_WEBHOOK_SECRET   while they are being rotated
#   MULTIHUB_TOLERANCE   how many seconds the moment of sending may be away from now (300)
multihub_verify_webhook() {
  local head body=$2 sent seconds id
  local -a secrets=("$MULTIHUB_SECRET" "${MULTIHUB_PREVIOUS_SECRET-}")
  local -a endpoint_secrets=("$MULTIHUB_WEBHOOK_SECRET" "${MULTIHUB_PREVIOUS_WEBHOOK_SECRET-}")
  head=$(<"$1")

  _multihub_fits "${secrets[@]}" _multihub_is_hash "$(_multihub_header X-Data-Hash "$head")" '' "$body" ||
    _multihub_refuse X-Data-Hash || return

  sent=$(_multihub_header X-Webhook-Timestamp "$head")
  _multihub_fits "${secrets[@]}" \
    _multihub_is_hash "$(_multihub_header X-Webhook-Signature-V2 "$head")" "$sent" "$body" ||
    _multihub_refuse X-Webhook-Signature-V2 || return
  _multihub_is_fresh "$(date -d "$sent" +%s)" || _multihub_refuse X-Webhook-Timestamp || return

  id=$(_multihub_header webhook-id "$head")
  seconds=$(_multihub_header webhook-timestamp "$head")
  _multihub_fits "${endpoint_secrets[@]}" \
    _multihub_is_signed "$(_multihub_header webhook-signature "$head")" "$id.$seconds." "$body" ||
    _multihub_refuse webhook-signature || return
  _multihub_is_fresh "$seconds" || _multihub_refuse webhook-timestamp || return

  cat "$body"
}

# SECRET PREVIOUS_SECRET FUNCTION ARGUMENTS...: whether the function takes one of them as its last argument. The
# previous one may be empty: there is none.
_multihub_fits() {
  local secret found=1
  for secret in "$1" "$2"; do
    [[ -n $secret ]] || continue
    if "${@:3}" "$secret"; then found=0; fi
  done
  return "$found"
}

_multihub_refuse() {
  echo "refused: $1" >&2
  return 1
}

# GIVEN TIMESTAMP BODY_FILE SECRET
_multihub_is_hash() {
  _multihub_equal "$1" "$({ printf '%s' "$2" && cat "$3" && printf '%s' "$4"; } | _multihub_sha512)"
}

# GIVEN PREFIX BODY_FILE SECRET. The gateway sends two signatures during a rotation.
_multihub_is_signed() {
  local given key expected found=1
  key=$(printf '%s' "${4#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
  expected=v1,$({ printf '%s' "$2" && cat "$3"; } | _multihub_hmac_sha256 "$key")
  local -a signatures
  read -ra signatures <<<"$1" || true
  for given in "${signatures[@]}"; do
    if _multihub_equal "$given" "$expected"; then found=0; fi
  done
  return "$found"
}

# KEY, in hex and of at most 64 bytes: the HMAC-SHA256 of the input, in base64. openssl would take the key as an
# argument.
_multihub_hmac_sha256() {
  local key inner='' outer='' i byte
  key=$1$(printf '%0128d' 0)
  for ((i = 0; i < 128; i += 2)); do
    byte=$((16#${key:i:2}))
    printf -v inner '%s\\x%02x' "$inner" "$((byte ^ 0x36))"
    printf -v outer '%s\\x%02x' "$outer" "$((byte ^ 0x5c))"
  done
  { printf '%b' "$outer" && { printf '%b' "$inner" && cat; } | openssl dgst -sha256 -binary; } |
    openssl dgst -sha256 -binary | openssl base64 -A
}

_multihub_is_fresh() {
  [[ $1 =~ ^[0-9]{1,12}$ ]] || return
  local age=$(($(date +%s) - 10#$1))
  ((age >= -${MULTIHUB_TOLERANCE:-300} && age <= ${MULTIHUB_TOLERANCE:-300}))
}

# ---- inside ---------------------------------------------------------------------------------------------------------

# KEY VALUE, as JSON
_multihub_status() {
  local answer status=0
  answer=$(multihub_call payment.status "{\"payment\":{\"identifiers\":{\"$1\":$2}}}") || status=$?
  if ((status == 0)); then
    answer=$(_multihub_payment_in "$answer" "$1" "$2") || return
  fi
  _multihub_print "$answer"
  return "$status"
}

# METHOD SERVICE_ID AMOUNT CURRENCY C_ID FIELDS FIELDS
_multihub_create() {
  local method=$1 service_id=$2 amount=$3 currency=$4 c_id=$5
  local payment body wanted attempt status found again in_doubt=no _answer _retry_after
  wanted=$(jq -cn --argjson value "$amount" --arg currency "$currency" --argjson service_id "$service_id" \
    --arg destination "${method#payment.}" \
    '{amount: {$value, $currency}, $service_id, $destination}') || return "$MULTIHUB_USAGE"
  payment=$(printf '%s\n' "$6" "$7" "$wanted" "{\"identifiers\":{\"c_id\":$c_id}}" |
    jq -cs 'add | del(.service_id, .destination)') || return "$MULTIHUB_USAGE"
  body=$(_multihub_encode "$method" "{\"payment\":$payment}" "$service_id") || return "$MULTIHUB_USAGE"

  for ((attempt = 1; ; attempt++)); do # every attempt sends the same bytes
    status=0
    _multihub_exchange "$body" || status=$?
    if ((status == 0)); then
      _multihub_payment_in "$_answer" c_id "$c_id" && return
      status=$MULTIHUB_NO_ANSWER
    fi
    if _multihub_is_refusal "$status" && [[ $in_doubt == no ]]; then break; fi
    # In doubt: an attempt was made of which nobody knows whether it created the payment.
    [[ $(_multihub_code) == 1000 ]] || in_doubt=yes
    again=no
    if ! _multihub_is_refusal "$status" && _multihub_pause "$status" "$attempt"; then again=yes; fi
    # The same c_id: should the last attempt have created the payment, this one is told 6009.
    if [[ $again == yes ]] && ((status == MULTIHUB_REFUSED)); then continue; fi
    if [[ $in_doubt == no ]]; then break; fi

    # No answer, or 6009 after doubt: the payment may be there, so look before sending anything.
    status=0
    found=$(multihub_status "$c_id") || status=$?
    if ((status == 0)); then
      _multihub_require_same "$found" "$wanted"
      return
    fi
    if [[ $again == no || $(jq -r .code <<<"$found") != 6010 ]]; then
      echo "it is open whether payment $c_id exists" >&2
      return "$MULTIHUB_UNKNOWN"
    fi
  done
  _multihub_print "$_answer"
  return "$status"
}

# One request, one answer. Sets _answer, the result or the error, and _retry_after.
_multihub_exchange() {
  local LC_ALL=C hash all head answer signature success code
  _answer='' _retry_after=0
  hash=$(printf '%s' "$1" "$MULTIHUB_SECRET" | _multihub_sha512)
  all=$(
    printf '%s' "$1" | curl -sS -i --max-time "${MULTIHUB_TIMEOUT:-15}" --data-binary @- -H 'Expect:' \
      -H 'Content-Type: application/json' -H "X-Data-Application-Id: $MULTIHUB_APPLICATION_ID" \
      -H @<(printf 'X-Data-Hash: %s\n' "$hash") "$MULTIHUB_URL" || exit
    printf . # the shell takes line ends off the end, and the signature counts them
  ) || return "$MULTIHUB_NO_ANSWER"
  head=${all%%$'\r\n\r\n'*}
  answer=${all#*$'\r\n\r\n'}
  answer=${answer%.}

  signature=$(_multihub_header X-Data-Hash "$head")
  if [[ -n $signature ]] &&
    ! _multihub_equal "${signature,,}" "$(printf '%s' "$answer" "$MULTIHUB_SECRET" | _multihub_sha512)"; then
    echo "the answer's signature is wrong" >&2
    return "$MULTIHUB_BAD_SIGNATURE"
  fi
  _answer=$(jq -c 'if .success == true then .result else .error end | objects' <<<"$answer" 2>/dev/null) || _answer=''
  if [[ -z $_answer ]]; then
    echo "an answer that is not the gateway's: ${head%%$'\r'*}" >&2
    return "$MULTIHUB_NO_ANSWER"
  fi
  read -r success code < <(jq -r '"\(.success == true) \(.error.code? // 0)"' <<<"$answer")
  if [[ -z $signature ]] && ! _multihub_may_be_unsigned "$success" "$code"; then
    echo "the answer is not signed" >&2
    _answer=''
    return "$MULTIHUB_BAD_SIGNATURE"
  fi
  _retry_after=$(_multihub_header Retry-After "$head")
  [[ $_retry_after =~ ^[0-9]{1,9}$ ]] || _retry_after=0
  if [[ $success == true ]]; then return; fi
  echo "refused: $code $(jq -r '.message + (.details.description? // "" | if . == "" then "" else ": " + . end)' \
    <<<"$_answer")" >&2
  ((code == 6009)) && return "$MULTIHUB_EXISTS"
  return "$MULTIHUB_REFUSED"
}

# STATUS ATTEMPT: waits as the failure asks for. False: another attempt would be of no use.
_multihub_pause() {
  local pause=$((1 << ($2 - 1)))
  (($2 < ${MULTIHUB_ATTEMPTS:-3})) || return 1
  if (($1 != MULTIHUB_NO_ANSWER)) && { (($1 != MULTIHUB_REFUSED)) || _multihub_is_refusal "$1"; }; then return 1; fi
  ((pause >= 10#$_retry_after)) || pause=$((10#$_retry_after))
  ((pause <= ${MULTIHUB_MAX_PAUSE:-30})) || return 1
  multihub_sleep "$pause"
}

# STATUS: a refusal that stays when the call is repeated. 2002 is one: the provider needs longer than a caller wants to
# wait.
_multihub_is_refusal() {
  (($1 == MULTIHUB_EXISTS)) && return
  (($1 == MULTIHUB_REFUSED)) || return
  case $(_multihub_code) in
    1000 | 2000 | 2001) return 1 ;;
  esac
}

_multihub_code() {
  [[ -z $_answer ]] || jq -r '.code // 0' <<<"$_answer"
}

# SUCCESS CODE: what is refused before the gateway knows whose secret to sign with.
_multihub_may_be_unsigned() {
  case $1/$2 in
    false/1000 | false/1001 | false/1003 | false/1005 | false/1007 | false/300[0-5]) return 0 ;;
  esac
  return 1
}

# RESULT KEY VALUE: the payment. A signature does not say to which call an answer belongs; its identifiers do, and 7 and
# "7" are the same c_id.
_multihub_payment_in() {
  jq -ce --arg key "$2" --argjson value "$3" \
    '.payment | objects | select((.identifiers[$key] | tostring) == ($value | tostring))' <<<"$1" && return
  echo "the answer is about something else" >&2
  return "$MULTIHUB_NO_ANSWER"
}

# PAYMENT WANTED: what a c_id finds is the payment asked for, or an earlier one that happens to have the c_id.
_multihub_require_same() {
  jq -ce --argjson wanted "$2" 'select({amount, service_id, destination} == $wanted)' <<<"$1" && return
  jq -c '{code: 6009, message: "Payment already exists, and is another one", details: null,
    context: {identifiers, status: .status.status}}' <<<"$1"
  return "$MULTIHUB_EXISTS"
}

# METHOD PARAMS SERVICE_ID
_multihub_encode() {
  jq -c --arg method "$1" --argjson service_id "$3" \
    '{$method} + (if $service_id then {$service_id} else {} end) + {params: .}' <<<"$2"
}

_multihub_print() {
  [[ -z $1 ]] || printf '%s\n' "$1"
}

# NAME HEADERS: a header's value, nothing when it is not there
_multihub_header() {
  local line
  while IFS= read -r line; do
    [[ ${line,,} == "${1,,}:"* ]] || continue
    line=${line#*:}
    line=${line#"${line%%[![:blank:]]*}"}
    printf '%s' "${line%"${line##*[![:space:]]}"}"
    return
  done <<<"$2"
}

# The hash of the input, in hex.
_multihub_sha512() {
  openssl dgst -sha512 -r | cut -d ' ' -f 1
}

# The shell compares from left to right and stops. So it is given hashes that begin with something random: how long that
# takes says nothing about the texts.
_multihub_equal() {
  local blind
  blind=$(openssl rand -hex 32)
  [[ $(printf '%s' "$blind" "$1" | _multihub_sha512) == "$(printf '%s' "$blind" "$2" | _multihub_sha512)" ]]
}
