// `context`: what a function knows of its app and its caller (docs/behaviour/context.md#members).

import { String, jsonParse } from "../primordials.js";
import { OPTION_RUNS_AS_SYSTEM } from "../border.js";
import { host } from "../host.js";
import { http } from "./http.js";
import { defineLazily } from "../properties.js";
import { options } from "../start.js";
import { execute } from "./registry.js";
import { requestContext } from "./request.js";
import { service } from "./services.js";

// Part of the image: what is the same for every run is there already.
export function makeContext({ app, environment }) {
  const context = {
    app,
    environment,
    functions: { execute },
    http,
    request: undefined,
    runningAsSystem: () => (options & OPTION_RUNS_AS_SYSTEM) !== 0,
    services: { get: (name) => service(String(name)) },
    user: { type: "system" },
    values: { get: (name) => value(String(name)) },
  };
  defineLazily(context, "request", requestContext);
  return context;
}

function value(name) {
  const text = host.value_get(name);
  return text === undefined ? undefined : jsonParse(text);
}
