// `context.services.get("mongodb-atlas")` and what it leads to: handles, which contact nobody
// (docs/behaviour/databases.md#handles).

import { isolate, withFixedRoot } from "../isolated.js";
import { Access } from "./access.js";
import { Database } from "./database.js";
import { requireName } from "./input.js";
import { ask } from "./send.js";
import { Session } from "./session.js";

export class Client {
  #access;

  constructor(access) {
    this.#access = Access.require(access);
  }

  db(name) {
    return new Database(this.#access, requireName(name, "the name of a database"));
  }

  // Some samples of the documentation call it so.
  database(name) {
    return this.db(name);
  }

  admin() {
    const access = this.#access;
    return withFixedRoot({ getDBNames: () => ask(access, { method: "databaseNames" }) });
  }

  startSession() {
    return new Session(this.#access);
  }
}

isolate(Client);
