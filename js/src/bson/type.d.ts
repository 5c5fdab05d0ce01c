/** What every BSON type inherits from. Its fields are for each type to say. */
export class BsonValue {
  [field: string]: any;
}

/** A function that makes values with and without `new`, with the static methods of a class. */
export type BsonType<Make extends (...given: any[]) => any, Body extends typeof BsonValue> =
  Omit<Body, "prototype"> & {
    new (...given: Partial<Parameters<Make>>): InstanceType<Body>;
    (...given: Partial<Parameters<Make>>): InstanceType<Body>;
    prototype: InstanceType<Body>;
  };

export function defineType<
  Make extends (...given: any[]) => any, Body extends typeof BsonValue,
>(Type: Make, tag: string, body: Body): BsonType<Make, Body>;

export function hide(object: object, name: string, value: unknown): void;

export function bsonTag(value: any): string | undefined;
