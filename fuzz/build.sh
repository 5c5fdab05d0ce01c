#!/usr/bin/env bash
# Builds every fuzz target with coverage feedback, on the stable compiler and without cargo-fuzz.
set -euo pipefail
cd "$(dirname "$0")"
target=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="${RUSTFLAGS:-} --cfg fuzzing \
  -Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares"
# With a target named, the flags stay away from build scripts.
exec cargo build --locked --release --target "$target" \
  --target-dir "${CARGO_TARGET_DIR:-target}" "$@"
