// `require("worker_threads")`: a function has one thread.

import { unavailable } from "./support/unavailable.js";

export default unavailable("worker_threads", [
  "BroadcastChannel", "MessageChannel", "MessagePort", "Worker", "moveMessagePortToContext",
  "receiveMessageOnPort",
], { isMainThread: true, parentPort: null, resourceLimits: {}, threadId: 0, workerData: null });
