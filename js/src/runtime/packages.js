// Modules of npm packages and files beside functions. Which there are, and what each specifier in
// them stands for, is known before any run (crates/functions/src/packages). A run evaluates those
// that it requires, each once: what stands at their top level outlives no run.

import {
  Error, PrivateMap, String, SyntaxError, arrayIsArray, jsonParse, objectCreate,
  objectDefineProperty, objectKeys, promiseResolve, promiseThen, reflectApply, stringLastIndexOf,
  stringSlice, symbolToStringTag,
} from "../primordials.js";
import { host } from "../host.js";

// How a module is run; the numbers are those of `Format` in crates/functions/src/packages/graph.rs.
const FORMAT_OWN = 1;
const FORMAT_JSON = 2;
const FORMAT_WAITING = 4;

// By the numbers of the modules: what is the same for every run, and what the run has loaded.
const modules = [];
const loaded = [];

// The links of functions, by the numbers of their scripts.
const linksOfFunctions = [];

// Gives a module that comes with the program, by its name.
let requireBuiltin;

// Namespaces of the modules that come with the program.
const builtinNamespaces = new PrivateMap();

/** Part of the image: the functions that modules are, as far as they may take its memory. */
export function registerPackages(known, bytesMax, builtin) {
  requireBuiltin = builtin;
  let bytesLeft = bytesMax;
  for (let position = 0; position < known.modules.length; position++) {
    const about = known.modules[position];
    const path = about[2];
    modules[position] = {
      script: about[0], format: about[1], path, links: linksFrom(about[3]), run: undefined,
      folder: stringSlice(path, 0, stringLastIndexOf(path, "/")) || "/",
    };
    bytesLeft -= about[4];
    if (bytesLeft >= 0) {
      try {
        modules[position].run = host.script(about[0]);
      } catch {
        // It does not compile, which is told when it is required.
      }
    }
  }
  for (let position = 0; position < known.functions.length; position++) {
    linksOfFunctions[position] = linksFrom(known.functions[position]);
  }
}

/** `require` of the function in a script. */
export function requireOfFunction(script) {
  const links = linksOfFunctions[script];
  return makeRequire(links, { id: ".", children: [], exports: {}, loaded: true, paths: [] });
}

function linksFrom(known) {
  const links = new PrivateMap();
  for (let position = 0; position < known.length; position++) {
    links.set(known[position][0], known[position][1]);
  }
  return links;
}

function makeRequire(links, parent) {
  const require = (specifier) => required(links, specifier, parent);
  require.resolve = (specifier) => {
    const target = targetOf(links, specifier);
    return typeof target === "number" ? modules[target].path : target;
  };
  require.cache = {};
  require.main = undefined;
  objectDefineProperty(require, "import", {
    __proto__: null, value: dynamicImport(links, parent), writable: true, configurable: true,
  });
  return require;
}

// What a specifier stands for: the number of a module, or the name of one of the program's.
function targetOf(links, specifier) {
  const name = String(specifier);
  const target = links.get(name);
  if (arrayIsArray(target)) {
    throw withCode(new Error(target[0]), target[1]);
  }
  if (target === undefined) {
    // A name that was put together at run time may be one of the program's.
    requireBuiltin(name);
    return name;
  }
  return target;
}

function required(links, specifier, parent) {
  const target = targetOf(links, specifier);
  if (typeof target !== "number") {
    return requireBuiltin(target);
  }
  const record = load(target, parent);
  if (record.module !== undefined) {
    return record.module.exports;
  }
  if (record.promise !== undefined && !record.isLoaded) {
    const message = `require() of ${modules[target].path}, which waits at its top level`;
    throw withCode(new Error(`${message}: use import()`), "ERR_REQUIRE_ASYNC_MODULE");
  }
  const { namespace } = record;
  // What a module exports under this name is what `require` gives.
  return "module.exports" in namespace ? namespace["module.exports"] : namespace;
}

function dynamicImport(links, parent) {
  return (specifier) => promiseThen(promiseResolve(specifier), (given) => {
    const name = String(given);
    // It may lead elsewhere than `require` does.
    const own = links.has(`import(${name})`) ? `import(${name})` : name;
    return imported(targetOf(links, own), parent, true);
  });
}

// The namespace of a module, or a promise of it where it has to be waited for.
function imported(target, parent, mayWait) {
  if (typeof target !== "number") {
    let namespace = builtinNamespaces.get(target);
    if (namespace === undefined) {
      namespace = namespaceOfExports(requireBuiltin(target));
      builtinNamespaces.set(target, namespace);
    }
    return namespace;
  }
  const record = load(target, parent);
  if (record.module !== undefined) {
    if (record.namespace === undefined || !record.isLoaded) {
      record.namespace = namespaceOfExports(record.module.exports);
    }
    return record.namespace;
  }
  if (mayWait && record.promise !== undefined && !record.isLoaded) {
    return promiseThen(record.promise, () => record.namespace);
  }
  return record.namespace;
}

function load(number, parent) {
  const known = loaded[number];
  if (known !== undefined) {
    return known;
  }
  const about = modules[number];
  const record = { module: undefined, namespace: undefined, promise: undefined, isLoaded: false };
  // Known before it is evaluated: modules may require each other in a circle.
  loaded[number] = record;
  try {
    if (about.format <= FORMAT_JSON) {
      runCommonJs(about, record, parent);
    } else {
      runModule(about, record);
    }
  } catch (error) {
    loaded[number] = undefined;
    throw error;
  }
  record.isLoaded ||= record.promise === undefined;
  return record;
}

function runCommonJs(about, record, parent) {
  const { path } = about;
  const own = { exports: {} };
  const module = {
    id: path, path: about.folder, exports: own.exports, filename: path, loaded: false,
    children: [], paths: [], parent,
  };
  record.module = module;
  const run = about.run ?? host.script(about.script);
  if (about.format === FORMAT_JSON) {
    module.exports = parseJson(run, path);
  } else {
    const require = makeRequire(about.links, module);
    const given = [
      own.exports, require, module, path, about.folder, dynamicImport(about.links, module),
    ];
    const exported = reflectApply(run, own.exports, given);
    // A file of the app's may assign to `exports`, as functions do.
    const isAssigned = exported !== undefined && exported !== own.exports;
    if (about.format === FORMAT_OWN && isAssigned && module.exports === own.exports) {
      module.exports = exported;
    }
  }
  module.loaded = true;
}

function parseJson(text, path) {
  try {
    return jsonParse(text);
  } catch (error) {
    throw new SyntaxError(`${path}: ${error.message}`);
  }
}

function runModule(about, record) {
  const namespace = objectCreate(null);
  objectDefineProperty(namespace, symbolToStringTag, { __proto__: null, value: "Module" });
  record.namespace = namespace;
  const isWaiting = about.format === FORMAT_WAITING;
  const run = about.run ?? host.script(about.script);
  const promise = reflectApply(run, undefined, [
    (getters) => addExports(namespace, getters),
    (specifier) => imported(targetOf(about.links, specifier), undefined, isWaiting),
    (other) => addStar(namespace, other),
    { __proto__: null, url: `file://${about.path}`, filename: about.path, dirname: about.folder },
    dynamicImport(about.links, undefined),
  ]);
  if (isWaiting) {
    record.promise = promiseThen(promise, () => {
      record.isLoaded = true;
    });
  }
}

function addExports(namespace, getters) {
  const names = objectKeys(getters);
  for (let index = 0; index < names.length; index++) {
    addExport(namespace, names[index], getters[names[index]]);
  }
  if ("default" in namespace) {
    // What was compiled from an ES module by others asks for it.
    objectDefineProperty(namespace, "__esModule", { __proto__: null, value: true });
  }
}

function addExport(namespace, name, get) {
  objectDefineProperty(namespace, name, {
    __proto__: null, get, enumerable: true, configurable: true,
  });
}

// Names of the module itself come first.
function addStar(namespace, other) {
  const names = objectKeys(other);
  for (let index = 0; index < names.length; index++) {
    const name = names[index];
    if (name !== "default" && !(name in namespace)) {
      addExport(namespace, name, () => other[name]);
    }
  }
}

// The namespace of what a CommonJS module exports: that is its default, and its members are names.
function namespaceOfExports(exports) {
  const namespace = objectCreate(null);
  objectDefineProperty(namespace, symbolToStringTag, { __proto__: null, value: "Module" });
  if ((typeof exports === "object" || typeof exports === "function") && exports !== null) {
    const names = objectKeys(exports);
    for (let index = 0; index < names.length; index++) {
      const name = names[index];
      addExport(namespace, name, () => exports[name]);
    }
  }
  addExport(namespace, "default", () => exports);
  return namespace;
}

function withCode(error, code) {
  error.code = code;
  return error;
}
