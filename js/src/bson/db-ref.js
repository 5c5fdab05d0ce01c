// DBRef: a document of another collection by its id.

import { BsonValue, defineType } from "./type.js";

export const DBRef = defineType(function DBRef(collection, oid, db, fields) {
  if (!new.target) {
    return new DBRef(collection, oid, db, fields);
  }
  this.collection = collection;
  this.oid = oid;
  this.db = db;
  this.fields = fields ?? {};
}, "DBRef", class extends BsonValue {
  toJSON() {
    const shape = { $ref: this.collection, $id: this.oid };
    if (this.db !== undefined && this.db !== null) {
      shape.$db = this.db;
    }
    return { ...shape, ...this.fields };
  }
});
