// The natives: everything that the host offers. Their table is in crates/functions/src/natives.rs.

export const host = /** @type {import("./border.js").Natives} */ (globalThis.__host);
