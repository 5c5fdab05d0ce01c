// Bundles src/index.js into one script for the isolate.
//
//   node build.mjs OUTPUT [--minify]
//
// Identifiers keep their names even when minified: class names show in logs and in error texts.

import { fileURLToPath } from "node:url";
import { dirname, resolve } from "node:path";
import { build } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const [output, ...flags] = process.argv.slice(2);
const unknown = flags.find((flag) => flag !== "--minify");
if (output === undefined || output.startsWith("-") || unknown !== undefined) {
  console.error("usage: node build.mjs OUTPUT [--minify]");
  process.exit(2);
}

const minify = flags.includes("--minify");

await build({
  absWorkingDir: root,
  entryPoints: ["src/index.js"],
  outfile: resolve(output),
  bundle: true,
  format: "iife",
  target: "es2023",
  platform: "neutral",
  mainFields: ["module", "main"],
  charset: "utf8",
  minifyWhitespace: minify,
  minifySyntax: minify,
  legalComments: "eof",
  logLevel: "warning",
});
