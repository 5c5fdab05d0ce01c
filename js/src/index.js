// The runtime's entry: installs the globals and gives the host its hooks.

import { installGlobals } from "./globals.js";
import { installRuntime } from "./runtime/install.js";

// The natives are the runtime's alone: `host.js` has taken them by now.
delete globalThis.__host;
installGlobals(globalThis);
installRuntime(globalThis);

export { complete } from "./runtime/pending.js";
export { finish, start } from "./runtime/run.js";
