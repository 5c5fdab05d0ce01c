// Sessions and their transactions (docs/behaviour/databases.md#sessions).

import { MONGO_CODE_WRITE_CONFLICT } from "../border.js";
import { FunctionError } from "../errors.js";
import { host } from "../host.js";
import { isolate } from "../isolated.js";
import { Access } from "./access.js";
import { document, kindOf } from "./input.js";
import { send, settled, withNumber } from "./send.js";

// A transaction that met another one's writes is tried again for so long, as drivers do.
const RETRY_MS = 120_000;

export class Session {
  #access;
  /** @type {number | undefined} */
  #id;
  // Whether the last transaction has come to nothing: then there is nothing left to abort, and the
  // samples of the documentation abort once more.
  #hasFailed = false;
  #hasEnded = false;

  constructor(access) {
    this.#access = Access.require(access);
    this.#id = Access.openSession(access);
  }

  startTransaction() {
    const id = this.#use("startTransaction");
    try {
      host.data_transaction_start(id);
    } catch (error) {
      throw withNumber(error);
    }
    this.#hasFailed = false;
  }

  commitTransaction() {
    return this.#end("commitTransaction");
  }

  async abortTransaction() {
    if (this.inTransaction()) {
      this.#hasFailed = true;
    } else if (this.#hasFailed) {
      return;
    }
    await this.#end("abortTransaction");
  }

  inTransaction() {
    return this.#id !== undefined && host.data_in_transaction(this.#id);
  }

  async endSession() {
    this.#hasEnded = true;
    if (this.inTransaction()) {
      await this.abortTransaction();
    }
    if (this.#id !== undefined) {
      host.data_session_end(this.#id);
      this.#id = undefined;
    }
  }

  async withTransaction(callback) {
    if (typeof callback !== "function") {
      const kind = kindOf(callback) ?? "an object";
      throw new FunctionError(
        `withTransaction: the callback must be a function, and it is ${kind}`,
      );
    }
    // Samples of the documentation do not await the writes that the transaction builds on.
    await settled();
    const deadline = host.monotonic_ms() + RETRY_MS;
    for (;;) {
      this.startTransaction();
      try {
        return await this.#run(callback);
      } catch (error) {
        if (this.inTransaction()) {
          await this.#tryToAbort();
        }
        this.#hasFailed = true;
        if (error?.code !== MONGO_CODE_WRITE_CONFLICT || host.monotonic_ms() > deadline) {
          throw error;
        }
      }
    }
  }

  async #tryToAbort() {
    try {
      await this.abortTransaction();
    } catch {
      // The error that made it abort is the one to tell.
    }
  }

  async #run(callback) {
    const result = callback(this);
    if (typeof result?.then !== "function") {
      throw new FunctionError("withTransaction: the callback must return a promise");
    }
    const value = await result;
    // The callback may have ended it by itself.
    if (this.inTransaction()) {
      await this.commitTransaction();
    }
    return value;
  }

  #use(method) {
    if (this.#hasEnded) {
      throw new FunctionError(`${method}: the session has ended`);
    }
    return /** @type {number} */ (this.#id);
  }

  // The host's number for a session, where it is one.
  static numberOf(value, method) {
    return typeof value === "object" && #id in value ? value.#use(method) : undefined;
  }

  #end(method) {
    return send(this.#access, { session: this.#id, method });
  }
}

isolate(Session);

// The host's number for the session in some options; without any, the command is on its own.
export function sessionOf(options, method) {
  const { session } = document(options, method, "options");
  if (session === undefined || session === null) {
    return undefined;
  }
  const number = Session.numberOf(session, method);
  // A write that is not part of the transaction it was meant for must not happen.
  if (number === undefined) {
    const kind = kindOf(session) ?? "an object";
    throw new FunctionError(
      `${method}: the session must come from startSession, and it is ${kind}`,
    );
  }
  return number;
}
