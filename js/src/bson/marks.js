// The marks that numbers carry unseen: the BSON type that a number came with, out of a database or
// out of extended JSON. They are those of crates/functions/src/documents/marks.rs. The isolate
// keeps a mark with every copy of a number; a number that JavaScript made has none.

import { host } from "../host.js";

export const INT32 = 1;
export const INT64 = 2;
export const DOUBLE = 3;

// The mark of a number; 0 where there is none.
export function markOf(number) {
  return host.number_mark(number);
}

export function marked(number, mark) {
  return host.marked(number, mark);
}
