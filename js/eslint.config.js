// What our own code may not use, so that nothing that a function patches reaches it: names of the
// global object, and the methods of the language (see src/primordials.js).

import * as primordials from "./src/primordials.js";

// Methods of the language that no class of ours has under the same name.
const METHODS = [
  "apply", "at", "bind", "call", "catch", "charAt", "charCodeAt", "codePointAt", "concat",
  "copyWithin", "endsWith", "every", "exec", "fill", "filter", "finally", "findIndex", "flat",
  "flatMap", "getOwnPropertyNames", "hasOwnProperty", "includes", "indexOf", "isPrototypeOf",
  "isWellFormed", "join", "lastIndexOf", "match", "matchAll", "normalize", "padEnd", "padStart",
  "pop", "push", "reduce", "reduceRight", "repeat", "replace", "replaceAll", "reverse", "search",
  "shift", "slice", "some", "splice", "split", "startsWith", "subarray", "substring", "substr",
  "test", "then", "toFixed", "toISOString", "toLowerCase", "toPrecision", "toReversed", "toSorted",
  "toSpliced", "toUpperCase", "toWellFormed", "trim", "trimEnd", "trimStart", "unshift",
];

// Names that nobody can change.
const FIXED = ["Infinity", "NaN", "globalThis", "undefined"];
const GLOBALS = Object.getOwnPropertyNames(globalThis).filter((name) => !FIXED.includes(name));
// Those that src/primordials.js exports under their own names, and the two that it does not.
const CLASSES = [...GLOBALS.filter((name) => name in primordials), "JSON", "Reflect"];

const any = (names) => `/^(${names.join("|")})$/`;

const restrictions = [
  {
    selector:
      `CallExpression > MemberExpression.callee > Identifier.property[name=${any(METHODS)}]`,
    message: "A function may replace this method: use primordials.js or lists.js.",
  },
  {
    selector: `MemberExpression[object.name=${any(CLASSES)}]`,
    message: "A function may replace this member: add it to primordials.js.",
  },
  {
    selector: "ForOfStatement",
    message: "A function may replace Symbol.iterator: walk a list by index.",
  },
  {
    selector: ":not(ObjectExpression) > SpreadElement",
    message: "A function may replace Symbol.iterator: use append() or reflectApply().",
  },
  {
    selector: "ArrayPattern",
    message: "A function may replace Symbol.iterator: take the items by index.",
  },
];

export default [
  {
    files: ["src/**/*.js"],
    languageOptions: {
      ecmaVersion: 2023,
      sourceType: "module",
      globals: Object.fromEntries(GLOBALS.map((name) => [name, "off"])),
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: { "no-undef": "error", "no-unused-vars": ["error", { argsIgnorePattern: "^_" }] },
  },
  {
    files: ["src/**/*.js"],
    rules: { "no-restricted-syntax": ["error", ...restrictions] },
  },
  {
    // They run once, before any function.
    files: ["src/primordials.js", "src/runtime/builtins.js", "src/runtime/call-sites.js"],
    rules: { "no-restricted-syntax": "off", "no-undef": "off" },
  },
  {
    files: ["src/buffer.js", "src/modules/util.js"],
    languageOptions: { globals: { require: "readonly" } },
  },
];
