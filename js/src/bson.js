// The `BSON` global: the types that MongoDB has and JSON has not.

import { ObjectId } from "./bson/object-id.js";
import { Binary } from "./bson/binary.js";
import { UUID } from "./bson/uuid.js";
import { Double } from "./bson/double.js";
import { Int32 } from "./bson/int32.js";
import { Long } from "./bson/long.js";
import { Decimal128 } from "./bson/decimal128.js";
import { BSONRegExp } from "./bson/reg-exp.js";
import { Code } from "./bson/code.js";
import { DBRef } from "./bson/db-ref.js";
import { MaxKey, MinKey } from "./bson/end-keys.js";
import { Timestamp } from "./bson/timestamp.js";

export { bsonTag } from "./bson/type.js";
export {
  Binary, BSONRegExp, Code, DBRef, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId,
  ObjectId as ObjectID, Timestamp, UUID,
};

export const BSON = {
  Binary,
  BSONRegExp,
  Code,
  DBRef,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  ObjectID: ObjectId,
  Timestamp,
  UUID,
};
