// `context`: what a function knows of its app and its caller (docs/behaviour/context.md#members).

import { String, jsonParse } from "../primordials.js";
import { RIGHTS_BITS, RIGHTS_USER } from "../border.js";
import { host } from "../host.js";
import { http } from "./http.js";
import { defineLazily } from "../properties.js";
import { options } from "../start.js";
import { execute, executeAsSystem } from "./registry.js";
import { requestContext } from "./request.js";
import { service } from "./services.js";

// The context of functions that have the rights of the run.
let ownContext;
// That of functions that run as system in a run with the rights of a user.
let systemContext;

// Part of the image: what is the same for every run is there already.
export function makeContexts({ app, environment }) {
  ownContext = {
    app,
    environment,
    functions: { execute },
    http,
    request: undefined,
    runningAsSystem: () => (options & RIGHTS_BITS) !== RIGHTS_USER,
    services: { get: (name) => service(String(name), false) },
    user: { type: "system", data: {} },
    values: { get: (name) => value(String(name)) },
  };
  systemContext = {
    ...ownContext,
    functions: { execute: executeAsSystem },
    runningAsSystem: () => true,
    services: { get: (name) => service(String(name), true) },
  };
  defineLazily(ownContext, "request", requestContext);
  defineLazily(systemContext, "request", requestContext);
  return { ownContext, systemContext };
}

// Begins a run that has a user other than the system user.
export function showUser() {
  defineLazily(ownContext, "user", user);
  defineLazily(systemContext, "user", user);
}

let knownUser;

// One object for both contexts.
function user() {
  knownUser ??= host.user();
  return knownUser;
}

function value(name) {
  const text = host.value_get(name);
  return text === undefined ? undefined : jsonParse(text);
}
