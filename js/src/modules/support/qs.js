// What the package `url` takes from `qs`, which is more than it needs.

import querystring from "querystring";

export default {
  parse: (text) => querystring.parse(text),
  stringify: (values) => querystring.stringify(values),
};
