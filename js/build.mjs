// Bundles src/index.js into one script for the isolate, and each module that functions can
// `require` into a script of its own.
//
//   node build.mjs OUTPUT [--minify]
//
// The licences of the packages in them go into `notices.txt` beside the output.
//
// The modules go into the folder `modules` beside the output, one file each: an expression,
// `(function (module, exports, require) {…})`. A dot in the name of a file stands for the slash in
// that of its module, as in `fs/promises`. They are never minified, for stack traces name their
// lines. Identifiers keep their names in any case: class names show in logs and in error texts.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { notices } from "./notices.mjs";

const root = dirname(fileURLToPath(import.meta.url));
const [output, ...flags] = process.argv.slice(2);
const unknown = flags.find((flag) => flag !== "--minify");
if (output === undefined || output.startsWith("-") || unknown !== undefined) {
  console.error("usage: node build.mjs OUTPUT [--minify]");
  process.exit(2);
}

const minify = flags.includes("--minify");

const common = {
  absWorkingDir: root,
  bundle: true,
  target: "es2023",
  platform: "neutral",
  charset: "utf8",
  legalComments: "eof",
  metafile: true,
  logLevel: "warning",
  // tsconfig.json is for the check of types alone: nothing in it changes what is built.
  tsconfigRaw: {},
};

const runtime = await build({
  ...common,
  entryPoints: ["src/index.js"],
  outfile: resolve(output),
  format: "iife",
  mainFields: ["module", "main"],
  minifyWhitespace: minify,
  minifySyntax: minify,
});

const folder = join(root, "src/modules");
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".js"))
  .map((file) => basename(file, ".js"))
  .sort();

// A module that asks for another one asks the isolate. In packages `util/` means the same.
const modules = {
  name: "modules",
  setup({ onResolve }) {
    onResolve({ filter: /^hookstead:internals$/ }, ({ path }) => ({ path, external: true }));
    onResolve({ filter: /^qs$/ }, () => ({ path: join(folder, "support/qs.js") }));
    onResolve({ filter: /^safe-buffer$/ }, () => ({ path: "buffer", external: true }));
    onResolve({ filter: /^[a-z_]+\/?$/ }, ({ path, importer }) => {
      const name = path.replace("/", "");
      const isPackage = importer.includes("node_modules");
      // Of `util` readable-stream wants what shows in a debugger alone.
      const isSpared = name === "util" && importer.includes("readable-stream");
      const isModule = names.includes(name) && !isSpared && (isPackage || path === name);
      return isModule && importer !== "" ? { path: name, external: true } : undefined;
    });
  },
};

const bundled = await build({
  ...common,
  entryPoints: names.map((name) => join(folder, `${name}.js`)),
  outdir: "modules",
  write: false,
  format: "cjs",
  // What packages keep for browsers is what does without Node.js.
  platform: "browser",
  plugins: [modules],
});

const target = join(dirname(resolve(output)), "modules");
// What was a module once is none any more.
rmSync(target, { recursive: true, force: true });
mkdirSync(target);
for (const { path, text } of bundled.outputFiles) {
  const body = `${text}\nmodule.exports = module.exports.default;\n`;
  writeFileSync(join(target, basename(path)), `(function (module, exports, require) {${body}})`);
}

const text = notices(root, [runtime.metafile, bundled.metafile]);
writeFileSync(join(dirname(resolve(output)), "notices.txt"), text);
