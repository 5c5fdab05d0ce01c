// Which data source the handles of a function reach, and whose rights they have.
//
// What a handle may do must not be up to the functions that hold it. So the rights are in objects
// of this class, which no function can reach: handles keep them in private fields, and every
// constructor that functions can find asks for one.

import { TypeError } from "../primordials.js";
import { host } from "../host.js";
import { isolate } from "../isolated.js";

export class Access {
  #source;
  #asSystem;

  /**
   * @param {string} source the name of a data source
   * @param {boolean} asSystem whether it is for a function that runs as system in a run that does
   * not
   */
  constructor(source, asSystem) {
    this.#source = source;
    this.#asSystem = asSystem;
  }

  // What the constructor of a handle was called with. Functions call constructors as well, and
  // have no access to give.
  static require(given) {
    if (typeof given !== "object" || given === null || !(#source in given)) {
      throw new TypeError("Illegal constructor");
    }
    return given;
  }

  // Starts a command: the host's number for it. A large one is read on another thread first, while
  // JavaScript stands still.
  static start(access, command) {
    const source = access.#source;
    const asSystem = access.#asSystem;
    return host.data_start(source, asSystem, command) ?? host.data_start_large(source, asSystem);
  }

  static openSession(access) {
    return host.data_session(access.#source, access.#asSystem);
  }
}

isolate(Access);
