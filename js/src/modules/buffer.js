// `require("buffer")`: the class that is global, and its limits.

import { loadBuffer } from "hookstead:internals";

const Buffer = loadBuffer();
const MAX_LENGTH = 0x7fffffff;
const MAX_STRING_LENGTH = 0x3fffffff;

export default {
  Buffer,
  INSPECT_MAX_BYTES: 50,
  SlowBuffer: Buffer,
  constants: { MAX_LENGTH, MAX_STRING_LENGTH },
  kMaxLength: MAX_LENGTH,
  kStringMaxLength: MAX_STRING_LENGTH,
};
