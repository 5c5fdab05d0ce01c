// `require("path/posix")`: the only kind of paths there is.

import path from "path";

export default path;
