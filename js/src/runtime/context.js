// `context`: what a function knows of its app and its caller (docs/behaviour/context.md#members).

import { String, jsonParse } from "../primordials.js";
import { RIGHTS_BITS, RIGHTS_USER } from "../border.js";
import { host } from "../host.js";
import { http } from "./http.js";
import { withFixedRoot } from "../isolated.js";
import { defineLazily } from "../properties.js";
import { options } from "../start.js";
import { execute, executeAsSystem } from "./registry.js";
import { requestContext } from "./request.js";
import { service } from "./services.js";

// The context of functions that have the rights of the run.
let ownContext;
// That of functions that run as system in a run with the rights of a user.
let systemContext;

// Part of the image: what is the same for every run is there already. The contexts share no
// object, so that what functions of a user change in theirs is nothing to functions that run as
// system. `settings` is called for each.
export function makeContexts(settings) {
  ownContext = contextOf(settings(), {
    call: execute,
    runningAsSystem: () => (options & RIGHTS_BITS) !== RIGHTS_USER,
    asSystem: false,
  });
  defineLazily(ownContext, "request", () => requestContext(true));
  systemContext = contextOf(settings(), {
    call: executeAsSystem,
    runningAsSystem: () => true,
    asSystem: true,
  });
  withFixedRoot(systemContext);
  withFixedRoot(systemContext.functions);
  withFixedRoot(systemContext.services);
  defineLazily(systemContext, "request", () => requestContext(false));
  return { ownContext, systemContext };
}

function contextOf({ app, environment }, { call, runningAsSystem, asSystem }) {
  return {
    app,
    environment,
    functions: { execute: call },
    http: { ...http },
    request: undefined,
    runningAsSystem,
    services: { get: (name) => service(String(name), asSystem) },
    user: { type: "system", data: {} },
    values: { get: (name) => value(String(name)) },
  };
}

// Begins a run that has a user other than the system user.
export function showUser() {
  defineLazily(ownContext, "user", () => host.user());
  defineLazily(systemContext, "user", () => host.user());
}

function value(name) {
  const text = host.value_get(name);
  return text === undefined ? undefined : jsonParse(text);
}
