// Everything the isolate's native half offers, under one name.
//
// The functions take and return numbers, strings, booleans, undefined and bytes only.

export const host = globalThis.__host;
