// Code: the text of a function, with a scope where there is one.

import { BsonValue, defineType } from "./type.js";
import { String } from "../primordials.js";

export const Code = defineType(function Code(code, scope) {
  if (!new.target) {
    return new Code(code, scope);
  }
  this.code = String(code);
  this.scope = scope ?? null;
}, "Code", class extends BsonValue {
  toString() {
    return this.code;
  }

  toJSON() {
    return this.scope === null
      ? { $code: this.code }
      : { $code: this.code, $scope: this.scope };
  }
});
