#!/usr/bin/env bash
# Runs one fuzz target for a number of seconds: fuzz/run.sh TARGET [SECONDS]
set -euo pipefail
name=${1:?"usage: fuzz/run.sh TARGET [SECONDS]"}
seconds=${2:-600}
"$(dirname "$0")/build.sh" --bin "$name"
cd "$(dirname "$0")"
target=$(rustc -vV | sed -n 's/^host: //p')
mkdir -p "corpus/$name" "artifacts/$name"
exec "${CARGO_TARGET_DIR:-target}/$target/release/$name" \
  -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
  -artifact_prefix="artifacts/$name/" "corpus/$name" "seeds/$name"
