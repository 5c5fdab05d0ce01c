// One run: the call, what it settles to, and the reply once nothing is pending any more.

import { host } from "../host.js";
import { forgetGeneratedIds } from "../bson.js";
import { parse, writeEjson, writeJson } from "../ejson.js";
import { makeContext } from "./context.js";
import { describe } from "./failure.js";
import { callScript } from "./registry.js";
import { firstArgument } from "./request.js";
import { HTTPResponse } from "./response.js";

let input;
let response;
let outcome;

/** Begins the run: calls the function with what the host says. */
export function start(inputText, body) {
  input = JSON.parse(inputText);
  forgetGeneratedIds();
  globalThis.context = makeContext(input);
  try {
    settleWith(callScript(input.entry, input.name, callArguments(body)));
  } catch (thrown) {
    settle({ thrown });
  }
}

/** Ends the run: the host has seen everything finish. */
export function finish() {
  if ("thrown" in outcome) {
    const { message, stack } = describe(outcome.thrown);
    host.fail(message, stack);
    return;
  }
  try {
    reply(outcome.value);
  } catch (thrown) {
    const { message, stack } = describe(thrown);
    host.fail(message, stack);
  }
}

function callArguments(body) {
  if (input.arguments !== null) {
    return parse(input.arguments);
  }
  response = new HTTPResponse();
  return [firstArgument(input, body), response];
}

function settleWith(result) {
  if (typeof result?.then === "function") {
    Promise.resolve(result).then((value) => settle({ value }), (thrown) => settle({ thrown }));
  } else {
    settle({ value: result });
  }
}

// Only the first settlement counts. The host then waits for what is still pending.
function settle(settlement) {
  outcome = settlement;
  host.settled();
}

function reply(value) {
  const set = response === undefined
    ? { touched: false, status: null, headers: [], body: undefined }
    : HTTPResponse.reveal(response);
  const { touched, status, headers, body } = set;
  const dropped = body !== undefined || (touched && input.dropsResult);
  const result = dropped ? undefined : written(value);
  host.reply(JSON.stringify({ touched, status, headers }), body, result);
}

function written(value) {
  if (value === undefined || value instanceof HTTPResponse || input.result === null) {
    return undefined;
  }
  return input.result === "ejson"
    ? writeEjson(value, { integers: input.integers })
    : writeJson(value);
}
