// `require("perf_hooks")`: the time of the run.

import { unavailable } from "./support/unavailable.js";

export default unavailable("perf_hooks", [
  "PerformanceObserver", "createHistogram", "monitorEventLoopDelay",
], { constants: {}, performance: globalThis.performance });
