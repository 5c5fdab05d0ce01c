// `require("util")`, from the package of that name, with what Node.js has added since.

import util from "util/util.js";

util.inspect.custom ??= Symbol.for("nodejs.util.inspect.custom");
util.TextDecoder ??= TextDecoder;
util.TextEncoder ??= TextEncoder;
util.isDeepStrictEqual ??= (left, right) => {
  try {
    require("assert").deepStrictEqual(left, right);
    return true;
  } catch {
    return false;
  }
};

export default util;
