// The request, as the argument of a function (docs/behaviour/requests.md#first-argument) and as
// `context.request`. Both are part of the image and fetch what they hold from the host.

import { Uint8Array, jsonParse, stringSlice } from "../primordials.js";
import { OPTION_HAS_BODY, PAYLOAD_BITS, PAYLOAD_FORM, PAYLOAD_JSON } from "../border.js";
import { host } from "../host.js";
import { Binary } from "../bson.js";
import { parse } from "../ejson.js";
import { lazyText } from "../bson/binary.js";
import { defineLazily } from "../properties.js";
import { options } from "../start.js";

/** @type {any} */
const request = {};
defineLazily(request, "query", () => jsonParse(host.request_query()));
defineLazily(request, "headers", headers);
request.body = lazyBody();

let knownHeaders;

// One object for the first argument and the context of the function that gets it.
function headers() {
  knownHeaders ??= jsonParse(host.request_headers());
  return knownHeaders;
}

function lazyBody() {
  const body = new Binary();
  defineLazily(body, "_bytes", () => new Uint8Array(host.request_body()));
  lazyText(body, () => host.request_body_text());
  return body;
}

export function firstArgument() {
  const payload = options & PAYLOAD_BITS;
  if (payload === PAYLOAD_JSON) {
    return jsonPayload();
  }
  if (payload === PAYLOAD_FORM) {
    return request.query;
  }
  if ((options & OPTION_HAS_BODY) === 0) {
    request.body = undefined;
  }
  return request;
}

// GitHub sends its event as JSON, or as a form whose field `payload` holds the JSON.
function jsonPayload() {
  const form = request.query.payload;
  const hasBody = (options & OPTION_HAS_BODY) !== 0;
  const text = form ?? (hasBody ? host.request_body_text() : "{}");
  // Some senders put a byte order mark before it.
  return parse(text[0] === "\ufeff" ? stringSlice(text, 1) : text);
}

/** @param {boolean} sharesHeaders whether its headers are those of the first argument */
export function requestContext(sharesHeaders) {
  const text = host.request_info();
  if (text === undefined) {
    return undefined;
  }
  const info = jsonParse(text);
  const requestHeaders = sharesHeaders ? headers() : jsonParse(host.request_headers());
  return {
    ...info,
    requestHeaders,
    httpReferrer: requestHeaders["Referer"]?.[0],
    httpUserAgent: requestHeaders["User-Agent"]?.[0],
  };
}
