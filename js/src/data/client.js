// `context.services.get("mongodb-atlas")` and what it leads to: handles, which contact nobody
// (docs/behaviour/databases.md#handles).

import { Database } from "./database.js";
import { requireName } from "./input.js";
import { ask } from "./send.js";
import { Session } from "./session.js";

export class Client {
  #source;

  constructor(source) {
    this.#source = source;
  }

  db(name) {
    return new Database(this.#source, requireName(name, "the name of a database"));
  }

  // Some samples of the documentation call it so.
  database(name) {
    return this.db(name);
  }

  admin() {
    const source = this.#source;
    return { getDBNames: () => ask({ source, method: "databaseNames" }) };
  }

  startSession() {
    return new Session(this.#source);
  }
}
