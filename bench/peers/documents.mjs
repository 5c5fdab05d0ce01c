// The works with documents, over the official driver.

import { MongoClient } from "mongodb";

const client = new MongoClient(process.env.MONGODB_URI);
const database = client.db("bench");
const products = database.collection("products");
const stock = database.collection("stock");
const orders = database.collection("orders");
const owned = database.collection("owned");

export function findOne(id) {
  return products.findOne({ _id: id });
}

export function findMany(customer) {
  return products.find({ customer }).toArray();
}

export async function insert(order) {
  const { insertedId } = await orders.insertOne(order);
  return { inserted: insertedId ? 1 : 0 };
}

export async function update(id) {
  const changed = await stock.updateOne({ _id: id }, { $inc: { quantity: 1 } });
  return { matched: changed.matchedCount, modified: changed.modifiedCount };
}

export function group() {
  return products.aggregate([
    {
      $group: {
        _id: "$shop",
        count: { $sum: 1 },
        pieces: { $sum: "$quantity" },
        dearest: { $max: "$price" },
      },
    },
    { $sort: { _id: 1 } },
  ]).toArray();
}

export function findOwned(id, owner) {
  return owned.findOne({ _id: id, owner }, { projection: { owner: 0 } });
}

export async function seed(documents, collection) {
  if (collection) {
    await database.collection(collection).insertMany(documents);
    return { inserted: documents.length };
  }
  await products.insertMany(documents);
  await stock.insertMany(documents);
  return { inserted: documents.length };
}
