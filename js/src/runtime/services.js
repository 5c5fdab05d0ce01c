// `context.services.get(name)`. Only its shape is here so far: what a service needs beyond that is
// refused by name when it is used, never silently.

import { host } from "../host.js";
import { FunctionError } from "../errors.js";

const DATA_KINDS = new Set(["mongodb-atlas", "mongodb", "datalake", "mongodb-datafederation"]);

export function service(name) {
  const kind = host.service_kind(name);
  if (kind === undefined) {
    return undefined;
  }
  return DATA_KINDS.has(kind) ? dataSource(name) : otherService(name, kind);
}

function dataSource(name) {
  const refuse = () => {
    throw new FunctionError(
      `service '${name}': this version of Hookstead does not connect data sources yet`,
      "ServiceTypeNotFound",
    );
  };
  return { db: refuse, database: refuse, admin: refuse, startSession: refuse };
}

// Promises and inspection ask any object for these; they are no actions.
const NOT_ACTIONS = new Set(["then", "toJSON", "constructor", "inspect"]);

function otherService(name, kind) {
  return new Proxy({}, {
    get(_target, action) {
      if (typeof action === "symbol" || NOT_ACTIONS.has(action)) {
        return undefined;
      }
      return () => {
        const hint = kind === "http" ? "; context.http does the same without service rules" : "";
        throw new FunctionError(
          `service '${name}' (${kind}): action '${action}' is not supported${hint}`,
          "ServiceCommandNotFound",
        );
      };
    },
  });
}
