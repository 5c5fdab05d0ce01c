// What the package `url` takes from `qs`, which is more than it needs.

import querystring from "querystring";

export const parse = (text) => querystring.parse(text);
export const stringify = (values) => querystring.stringify(values);
