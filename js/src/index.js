// The runtime's entry: installs the globals and gives the host its hooks.

import { fixInstanceOf } from "./primordials.js";
import { makeBuiltins } from "./runtime/builtins.js";
import { installGlobals } from "./globals.js";
import { installRuntime } from "./runtime/globals.js";
import { complete } from "./runtime/pending.js";
import { finish, prepare, start } from "./runtime/run.js";
import { structures } from "./structures.js";

// The natives are the runtime's alone: `host.js` has taken them by now.
delete globalThis.__host;
makeBuiltins(globalThis);
fixInstanceOf();
installGlobals(globalThis);
installRuntime(globalThis);

// A property and no variable: the isolate takes it away before any function runs.
globalThis.__hookstead = { complete, finish, prepare, start, structures };
