// The pieces of `process` that the hosted service had (reference: functions.md §3.10).

import { host } from "../host.js";

export function makeProcess() {
  const hrtime = (earlier) => {
    const nanoseconds = host.monotonic_ms() * 1e6;
    const seconds = Math.floor(nanoseconds / 1e9);
    const now = [seconds, Math.floor(nanoseconds - seconds * 1e9)];
    return earlier === undefined ? now : difference(now, earlier);
  };
  return {
    cwd: () => "/",
    env: {},
    hrtime,
    nextTick: (callback, ...callArguments) => queueMicrotask(() => callback(...callArguments)),
    platform: "linux",
    version: "v10.18.1",
    versions: { node: "10.18.1" },
  };
}

function difference([seconds, nanoseconds], [earlierSeconds, earlierNanoseconds]) {
  const borrow = nanoseconds < earlierNanoseconds ? 1 : 0;
  return [
    seconds - earlierSeconds - borrow,
    nanoseconds - earlierNanoseconds + borrow * 1e9,
  ];
}
