// `require("tty")`: nothing is a terminal.

import { unavailable } from "./support/unavailable.js";

export default unavailable("tty", ["ReadStream", "WriteStream"], { isatty: () => false });
