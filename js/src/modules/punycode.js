// `require("punycode")`, from the package that Node.js took it from.

import * as punycode from "punycode/punycode.js";

export default punycode.default ?? punycode;
