// The marks that numbers carry unseen: the BSON type that a number came with, out of a database or
// out of extended JSON. They are the constants `MARK_…` of border.js. The isolate keeps a mark
// with every copy of a number; a number that JavaScript made has none.

import { host } from "../host.js";

// The mark of a number; `MARK_NONE` where there is none.
export function markOf(number) {
  return host.number_mark(number);
}

export function marked(number, mark) {
  return host.marked(number, mark);
}
