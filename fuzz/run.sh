#!/usr/bin/env bash
# Runs one fuzz target for a number of seconds: fuzz/run.sh TARGET [SECONDS]
#
# The isolate is worth running with AddressSanitizer, which sees the engine's C code as well:
#   RUSTC_BOOTSTRAP=1 CARGO_CFG_SANITIZE=address RUSTFLAGS=-Zsanitizer=address fuzz/run.sh isolate
set -euo pipefail
name=${1:?"usage: fuzz/run.sh TARGET [SECONDS]"}
seconds=${2:-600}
features=()
options=()
if [ "${CARGO_CFG_SANITIZE:-}" = address ]; then
  features=(--features address)
fi
if [ "$name" = isolate ]; then
  # A write to a page of an image is a fault, and the isolate decides first whose fault it is.
  options=(-handle_segv=0 -handle_bus=0)
  export ASAN_OPTIONS="allow_user_segv_handler=1:handle_segv=0:handle_sigbus=0:detect_leaks=0:\
detect_stack_use_after_return=0"
fi
"$(dirname "$0")/build.sh" --bin "$name" "${features[@]}"
cd "$(dirname "$0")"
target=$(rustc -vV | sed -n 's/^host: //p')
mkdir -p "corpus/$name" "artifacts/$name"
exec "${CARGO_TARGET_DIR:-target}/$target/release/$name" \
  -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
  -artifact_prefix="artifacts/$name/" "${options[@]}" "corpus/$name" "seeds/$name"
