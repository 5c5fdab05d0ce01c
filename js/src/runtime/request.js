// The first argument of a function that answers a request (reference: endpoints.md §1.7).

import { Binary } from "../bson.js";
import { parse } from "../ejson.js";
import { utf8Decode } from "../bytes.js";

export function firstArgument(input, bodyBuffer) {
  switch (input.payload) {
    case "json":
      return jsonPayload(input, bodyBuffer);
    case "form":
      return input.query;
    default:
      return {
        query: input.query,
        headers: input.headers,
        body: bodyBuffer === undefined ? undefined : new Binary(new Uint8Array(bodyBuffer), 0),
      };
  }
}

// GitHub sends its event as JSON, or as a form whose field `payload` holds the JSON.
function jsonPayload(input, bodyBuffer) {
  const form = input.query.payload;
  const text = form ?? (bodyBuffer === undefined ? "{}" : utf8Decode(new Uint8Array(bodyBuffer)));
  return parse(text);
}
