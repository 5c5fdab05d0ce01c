// `require("repl")`: a function has no terminal.

import { unavailable } from "./support/unavailable.js";

export default unavailable("repl", ["REPLServer", "start"]);
