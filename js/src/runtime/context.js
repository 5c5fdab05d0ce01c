// `context`: what a function knows of its app and its caller (reference: functions.md §3.4).

import { host } from "../host.js";
import { http } from "./http.js";
import { execute } from "./registry.js";
import { service } from "./services.js";

export function makeContext(input) {
  return {
    app: JSON.parse(host.app_info()),
    environment: JSON.parse(host.environment()),
    functions: { execute },
    http,
    request: requestContext(input),
    runningAsSystem: () => input.runningAsSystem,
    services: { get: (name) => service(String(name)) },
    user: input.user,
    values: { get: (name) => value(String(name)) },
  };
}

function value(name) {
  const text = host.value_get(name);
  return text === undefined ? undefined : JSON.parse(text);
}

function requestContext(input) {
  if (input.request === null) {
    return undefined;
  }
  const headers = input.headers;
  return {
    ...input.request,
    requestHeaders: headers,
    httpReferrer: headers["Referer"]?.[0],
    httpUserAgent: headers["User-Agent"]?.[0],
  };
}
