#!/usr/bin/env bash
# The long runs behind the tests: the same programs at full counts (./dev soak NAME). Each ends in under 30 minutes,
# but for mixed, which takes that long and a few more to look at everything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

names() {
  cat <<'TEXT'
usage: ./dev soak NAME

  races      the same payment, payouts over the balance, three settlers at once: 1,000 rounds each, both engines
  kills      kill -9 at random moments under load: 60 kills on each engine
  outage     MariaDB stopped, killed and frozen under load
  property   1,000,000 random ledger operations on SQLite, 200,000 on MariaDB
  simulation a whole gateway core with provider, receivers and accidents: 1,000,000 operations on SQLite, 200,000 on
             MariaDB (MULTIHUB_SEED: another seed)
  webhooks   60 kills of a gateway that sends webhooks on each engine, dead receivers with 10,000 deliveries queued each
  mutants    gateways that are each wrong in one thing, which the conformance suite must tell: proxies that alter
             answers, and then all seeded faults (./dev mutants)
  storm      aborting clients beside honest ones: 100,000 honest answers directly, through nginx and through HAProxy
  storm-asan, storm-tsan
             5 minutes of aborting clients against a whole gateway built with the sanitizer, payments and webhooks
             beside them
  mixed [sqlite]
             30 minutes of everything at 70 % of what this machine takes, on MariaDB with a restart in the middle, or on
             SQLite (MULTIHUB_ENDURANCE_MINUTES: other than 30)
  cluster [A]
             three database members, HAProxy and two gateways go through every accident (A: these only)
  fuzz       10 minutes of every fuzz target
  tsan       unit, storage, simulation and front tests under ThreadSanitizer
TEXT
}

full() {  # full PROGRAM TESTS...: at twenty times the ordinary counts
  MULTIHUB_SOAK_SCALE=20 "build/debug/tests/$1" --use-colour no --durations yes "${@:2}"
}

storm() {  # storm PRESET
  ./dev compile "$1" endurance
  TSAN_OPTIONS="suppressions=$PWD/tests/endurance/tsan.supp" MULTIHUB_STORM_SECONDS=300 \
    "build/$1/tests/endurance" --use-colour no --durations yes "gateway: beside a storm*"
}

name=${1:-}
started=$SECONDS
case "$name" in
  "") names && exit 0 ;;
  races) ./dev compile debug storage && full storage "*at once*,*never overdraw*" ;;
  kills) ./dev compile debug functional && full functional "gateway: killed*" ;;
  outage) ./dev compile debug functional && full functional "gateway: without its database*,gateway: a call that waits*" ;;
  property)  # optimised: the sanitizers see the ordinary run
    ./dev compile release simulation
    MULTIHUB_SOAK_SCALE=20 build/release/tests/simulation --use-colour no --durations yes "random operations*" 2>/dev/null
    ;;
  simulation)  # as property; what it logs are the alerts of what it does to the gateway
    ./dev compile release simulation
    MULTIHUB_SOAK_SCALE=20 build/release/tests/simulation --use-colour no --durations yes "a gateway keeps*" 2>/dev/null
    ;;
  storm-asan) storm debug ;;
  storm-tsan) storm tsan ;;
  mixed)
    ./dev compile release endurance
    MULTIHUB_ENDURANCE_ENGINE=${2:-mariadb} MULTIHUB_ENDURANCE_SECONDS=$((${MULTIHUB_ENDURANCE_MINUTES:-30} * 60)) \
      build/release/tests/endurance --use-colour no --durations yes "gateway: under a mixed load*"
    ;;
  webhooks)
    ./dev compile debug functional webhooks
    full functional "gateway: killed at any point*,gateway: killed at random under load it loses no event*,gateway: dead*"
    full webhooks "a receiver that ignores*"
    ;;
  storm) ./dev compile debug front && full front "nobody gets another client's answer*" ;;
  mutants)
    ./dev compile debug conformance multihub
    full conformance "a gateway that is wrong*"
    ./dev mutants
    ;;
  cluster) ./dev cluster "${@:2}" ;;
  fuzz) ./dev fuzz 600 ;;
  tsan)
    ./dev compile tsan
    ctest --test-dir build/tsan --output-on-failure -E '^(functional|cli|cluster|endurance|fuzz_.*|tidy|support_selftest|bench_selftest)$'
    ;;
  *) echo "unknown soak: $name" >&2 && names >&2 && exit 2 ;;
esac
echo "soak $name: done in $((SECONDS - started)) s"
