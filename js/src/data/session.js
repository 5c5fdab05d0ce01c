// Sessions and their transactions (reference: mongodb.md §5.5).

import { host } from "../host.js";
import { send } from "./send.js";

// A transaction that met another one's writes is tried again for so long, as drivers do.
const RETRY_MS = 120_000;

export class Session {
  #source;

  constructor(source) {
    this.#source = source;
    Object.defineProperty(this, "id", { value: host.data_session(source) });
  }

  startTransaction() {
    host.data_transaction_start(this.id);
  }

  commitTransaction() {
    return this.#end("commitTransaction");
  }

  abortTransaction() {
    return this.#end("abortTransaction");
  }

  inTransaction() {
    return host.data_in_transaction(this.id);
  }

  async endSession() {
    if (this.inTransaction()) {
      await this.abortTransaction();
    }
  }

  async withTransaction(callback) {
    const deadline = host.monotonic_ms() + RETRY_MS;
    for (;;) {
      this.startTransaction();
      try {
        const result = await callback(this);
        // The callback may have ended it by itself.
        if (this.inTransaction()) {
          await this.commitTransaction();
        }
        return result;
      } catch (error) {
        if (this.inTransaction()) {
          await this.abortTransaction().catch(() => {});
        }
        if (error?.code !== 112 || host.monotonic_ms() > deadline) {
          throw error;
        }
      }
    }
  }

  #end(method) {
    return send({ source: this.#source, session: this.id, method });
  }
}
