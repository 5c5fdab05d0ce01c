// The natives: everything that the host offers. Their table is in crates/functions/src/natives.rs.

/** @type {import("./border.js").Natives} */
export const host = globalThis.__host;
