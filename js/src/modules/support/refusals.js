// Members that a module has in Node.js and not here. Calling one says which it is.

export function refusals(module, names) {
  const refuse = (name) => () => {
    const error = new Error(`${module}.${name} is not supported by Hookstead`);
    error.code = "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM";
    throw error;
  };
  return Object.fromEntries(names.map((name) => [name, refuse(name)]));
}
