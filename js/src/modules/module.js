// `require("module")`: which modules need no package. Nothing is loaded by it.

import { stringSlice, stringStartsWith } from "hookstead:internals";
import { unavailable } from "./support/unavailable.js";

const builtinModules = [
  "assert", "buffer", "crypto", "events", "os", "path", "process", "punycode", "querystring",
  "stream", "string_decoder", "timers", "url", "util", "zlib",
];

export default unavailable("module", ["Module", "createRequire", "register"], {
  builtinModules,
  isBuiltin(name) {
    const plain = stringStartsWith(name, "node:") ? stringSlice(name, 5) : name;
    for (let index = 0; index < builtinModules.length; index++) {
      if (builtinModules[index] === plain) {
        return true;
      }
    }
    return false;
  },
});
