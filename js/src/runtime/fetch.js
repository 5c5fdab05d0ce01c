// `fetch` on the client of `context.http`: whole bodies, no streams.
//
// The platform never documented them, but functions use them (docs/behaviour/modules.md#globals).

import { host } from "../host.js";
import { holds, join } from "../lists.js";
import {
  String, TypeError, Uint8Array, jsonParse, jsonStringify, regExpExec, stringSlice,
  stringToUpperCase,
} from "../primordials.js";
import { Response, bodyOf } from "./fetch-response.js";
import { Headers } from "./headers.js";
import { promiseFor } from "./pending.js";
import { URL } from "../url.js";

const REDIRECTS = ["follow", "manual", "error"];

export async function fetch(input, init = {}) {
  const url = new URL(String(input?.url ?? input)).href;
  const options = init ?? {};
  const method = stringToUpperCase(String(options.method ?? "GET"));
  const redirect = options.redirect ?? "follow";
  if (!holds(REDIRECTS, redirect)) {
    throw new TypeError(`fetch: "redirect" must be one of ${join(REDIRECTS, ", ")}`);
  }
  const { bytes, type } = bodyOf(options.body);
  if (bytes !== undefined && (method === "GET" || method === "HEAD")) {
    throw new TypeError("fetch: a request with GET or HEAD cannot have a body");
  }
  const headers = new Headers(options.headers);
  if (type !== undefined && !headers.has("Content-Type")) {
    headers.set("Content-Type", type);
  }
  const request = {
    method, url, followRedirects: redirect === "follow", headers: Headers.pairsOf(headers),
  };
  const { head, body } = await answerTo(request, bytes);
  if (redirect === "error" && isRedirect(head)) {
    throw new TypeError(`fetch failed: ${url} redirects`);
  }
  return new Response(new Uint8Array(body), {
    status: head.statusCode,
    statusText: stringSlice(head.status, regExpExec(/^(?:\d+ ?)?/, head.status)[0].length),
    headers: head.headers,
    url,
  });
}

async function answerTo(request, bytes) {
  try {
    const answer = await promiseFor(host.http_start(jsonStringify(request), bytes));
    return { head: jsonParse(answer[0]), body: answer[1] };
  } catch (cause) {
    throw new TypeError(`fetch failed: ${cause.message}`, { cause });
  }
}

function isRedirect(head) {
  return holds([301, 302, 303, 307, 308], head.statusCode);
}
