// MinKey and MaxKey, which sort before and after every other value.

import { BsonValue, defineType, hide } from "./type.js";

// The end keys are documented as values (`BSON.MinKey`), and other libraries make them with `new`.
// So each is a function that is a value of its own type as well.
export const MinKey = defineType(function () {
  if (!new.target) {
    return new MinKey();
  }
}, "MinKey", class extends BsonValue {
  toJSON() {
    return { $minKey: 1 };
  }
});

export const MaxKey = defineType(function () {
  if (!new.target) {
    return new MaxKey();
  }
}, "MaxKey", class extends BsonValue {
  toJSON() {
    return { $maxKey: 1 };
  }
});

hide(MinKey, "toJSON", MinKey.prototype.toJSON);

hide(MaxKey, "toJSON", MaxKey.prototype.toJSON);
