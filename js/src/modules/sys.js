// `require("sys")`: the old name of `util`.

import util from "util";

export default util;
