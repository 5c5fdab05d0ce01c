// `require("inspector")`: nobody inspects a function.

import { unavailable } from "./support/unavailable.js";

export default unavailable("inspector", ["Session", "open", "waitForDebugger"], {
  close: () => {}, console: globalThis.console, url: () => undefined,
});
