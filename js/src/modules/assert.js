// `require("assert")`, from the package of that name.

import assert from "assert/build/assert.js";

export default assert;
