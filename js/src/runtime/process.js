// The pieces of `process` that the hosted service had (docs/behaviour/modules.md#process).

import { mathFloor, queueMicrotask, reflectApply } from "../primordials.js";
import { host } from "../host.js";

export function makeProcess() {
  const hrtime = (earlier) => {
    const nanoseconds = host.monotonic_ms() * 1e6;
    const seconds = mathFloor(nanoseconds / 1e9);
    const now = [seconds, mathFloor(nanoseconds - seconds * 1e9)];
    return earlier === undefined ? now : difference(now, earlier);
  };
  return {
    cwd: () => "/",
    env: {},
    hrtime,
    nextTick: (callback, ...callArguments) =>
      queueMicrotask(() => reflectApply(callback, undefined, callArguments)),
    platform: "linux",
    version: "v10.18.1",
    versions: { node: "10.18.1" },
  };
}

function difference(later, earlier) {
  const borrow = later[1] < earlier[1] ? 1 : 0;
  return [later[0] - earlier[0] - borrow, later[1] - earlier[1] + borrow * 1e9];
}
