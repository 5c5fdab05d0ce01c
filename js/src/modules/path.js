// `require("path")`: POSIX paths, whatever the machine.

import path from "path-browserify";

export default path;
