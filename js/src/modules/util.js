// `require("util")`, from the package of that name, with what Node.js has added since.

import { symbolInspect } from "hookstead:internals";
import util from "util/util.js";

const { TextDecoder, TextEncoder } = globalThis;

util.inspect.custom ??= symbolInspect;
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
