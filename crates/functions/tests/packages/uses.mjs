// Runs uses of packages in Node.js: a list of texts comes by standard input as JSON, a list of what
// they return goes to standard output, each as a text of JSON.

import { createRequire } from "node:module";
import { constants, Script } from "node:vm";
import { text } from "node:stream/consumers";

const require = createRequire(`${process.cwd()}/uses.js`);
// Node.js from 20.12 on gives `import()` its way in a script that is made here.
const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
const results = [];
for (const use of JSON.parse(await text(process.stdin))) {
  const script = new Script(`(async (require) => {${use}})`, { importModuleDynamically });
  results.push(JSON.stringify(await script.runInThisContext()(require)));
}
process.stdout.write(JSON.stringify(results));
