// Members that a module has in Node.js and not here. Calling one says which it is.

import { Error } from "hookstead:internals";

export function refusals(module, names) {
  const refuse = (name) => () => {
    const error = new Error(`${module}.${name} is not supported by Hookstead`);
    error.code = "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM";
    throw error;
  };
  const members = {};
  for (let index = 0; index < names.length; index++) {
    members[names[index]] = refuse(names[index]);
  }
  return members;
}
