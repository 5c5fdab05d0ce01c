// `require("readline")`: a function has no terminal.

import { unavailable } from "./support/unavailable.js";

export default unavailable("readline", [
  "Interface", "clearLine", "clearScreenDown", "createInterface", "cursorTo",
  "emitKeypressEvents", "moveCursor",
]);
