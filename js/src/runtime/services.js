// `context.services.get(name)`. HTTP services work as far as their rules allow; what the others
// need is refused by name when it is used, never silently.

import { holds } from "../lists.js";
import { Proxy, objectKeys } from "../primordials.js";
import { host } from "../host.js";
import { withFixedRoot } from "../isolated.js";
import { Access } from "../data/access.js";
import { Client } from "../data/client.js";
import { FunctionError } from "../errors.js";
import { http, request } from "./http.js";
import { promiseFor } from "./pending.js";

/**
 * @param {string} name
 * @param {boolean} asSystem whether it is for a function that runs as system in a run that does not
 */
export function service(name, asSystem) {
  const kind = host.service_kind(name);
  if (kind === undefined) {
    return undefined;
  }
  if (kind === "data") {
    return new Client(new Access(name, asSystem));
  }
  return kind === "http" ? httpService(name, asSystem) : otherService(name, kind);
}

// The same actions as `context.http`, each behind the rules of the service.
function httpService(name, asSystem) {
  const actions = withFixedRoot({});
  const names = objectKeys(http);
  for (let index = 0; index < names.length; index++) {
    const action = names[index];
    actions[action] = async (options) => {
      // Where rules have a condition, it is put to the very request that goes out.
      const judge = host.service_allows(name, action)
        ? (head, body) => promiseFor(host.service_allow(name, action, asSystem, head, body))
        : undefined;
      return await request(action, options, judge);
    };
  }
  return actions;
}

// Promises and inspection ask any object for these; they are no actions.
const NOT_ACTIONS = ["then", "toJSON", "constructor", "inspect"];

function otherService(name, kind) {
  return new Proxy({}, {
    get(_target, action) {
      if (typeof action === "symbol" || holds(NOT_ACTIONS, action)) {
        return undefined;
      }
      return () => {
        throw new FunctionError(
          `service '${name}' (${kind}): action '${action}' is not supported`,
          "ServiceCommandNotFound",
        );
      };
    },
  });
}
