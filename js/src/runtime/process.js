// The pieces of `process` that the hosted service had (docs/behaviour/modules.md#process).

import { BigInt, Error, mathFloor, queueMicrotask, reflectApply } from "../primordials.js";
import { host } from "../host.js";

export function makeProcess() {
  const hrtime = (earlier) => {
    const nanoseconds = host.monotonic_ms() * 1e6;
    const seconds = mathFloor(nanoseconds / 1e9);
    const now = [seconds, mathFloor(nanoseconds - seconds * 1e9)];
    return earlier === undefined ? now : difference(now, earlier);
  };
  hrtime.bigint = () => BigInt(mathFloor(host.monotonic_ms() * 1e6));
  const nothing = () => {};
  const process = {
    arch: "x64",
    argv: [],
    cwd: () => "/",
    emitWarning: nothing,
    env: {},
    execArgv: [],
    exit: () => {
      throw new Error("process.exit is not supported by Hookstead: return from the function");
    },
    hrtime,
    memoryUsage: () => ({ arrayBuffers: 0, external: 0, heapTotal: 0, heapUsed: 0, rss: 0 }),
    nextTick: (callback, ...callArguments) =>
      queueMicrotask(() => reflectApply(callback, undefined, callArguments)),
    pid: 1,
    platform: "linux",
    release: { name: "node" },
    title: "node",
    umask: () => 0o22,
    uptime: () => host.monotonic_ms() / 1000,
    version: "v10.18.1",
    versions: { node: "10.18.1" },
  };
  // Nothing happens to the process that a function would hear of.
  for (let index = 0; index < OF_EMITTERS.length; index++) {
    process[OF_EMITTERS[index]] = () => process;
  }
  process.emit = () => false;
  process.listeners = () => [];
  process.listenerCount = () => 0;
  return process;
}

const OF_EMITTERS = [
  "addListener", "off", "on", "once", "prependListener", "prependOnceListener",
  "removeAllListeners", "removeListener",
];

function difference(later, earlier) {
  const borrow = later[1] < earlier[1] ? 1 : 0;
  return [later[0] - earlier[0] - borrow, later[1] - earlier[1] + borrow * 1e9];
}
