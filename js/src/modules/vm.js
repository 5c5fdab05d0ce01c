// `require("vm")`: there is one context, that of the function.

import { unavailable } from "./support/unavailable.js";

export default unavailable("vm", [
  "Script", "SourceTextModule", "compileFunction", "createContext", "runInContext",
  "runInNewContext", "runInThisContext",
], { isContext: () => false });
