// What an app with mongodb-stitch-server-sdk does, against a server:
// `node stitch.cjs BASE_URL APP_ID DATA_DIR`, with the key of tokens in the environment.

const assert = require("node:assert/strict");
const { createHmac } = require("node:crypto");
const {
  AnonymousCredential, BSON, CustomCredential, FunctionCredential, RemoteMongoClient, Stitch,
  StitchAppClientConfiguration, StitchServiceErrorCode, UserApiKeyAuthProviderClient,
  UserApiKeyCredential, UserPasswordAuthProviderClient, UserPasswordCredential,
} = require("mongodb-stitch-server-sdk");

const [baseUrl, id, dataDir] = process.argv.slice(2);
const builder = new StitchAppClientConfiguration.Builder();
const client = Stitch.initializeAppClient(
  id, builder.withBaseUrl(baseUrl).withDataDirectory(dataDir).build(),
);
const { auth } = client;
const EMAIL = "stitch@example.com";
const PASSWORD = "correct horse";

function signed(claims, key) {
  const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = `${base64url({ alg: "HS256", typ: "JWT" })}.${base64url(claims)}`;
  return `${head}.${createHmac("sha256", key).update(head).digest("base64url")}`;
}

/** That something fails with a code and a text that begins with this one. */
async function fails(promise, errorCode, text) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.errorCode, StitchServiceErrorCode[errorCode], error.message);
    assert.ok(error.message.includes(text), `${error.message} holds ${text}`);
    return true;
  });
}

async function providers() {
  const anonymous = await auth.loginWithCredential(new AnonymousCredential());
  const emails = auth.getProviderClient(UserPasswordAuthProviderClient.factory);
  await emails.registerWithEmail(EMAIL, PASSWORD);
  await fails(emails.registerWithEmail(EMAIL, PASSWORD), "AccountNameInUse", "name already in use");
  const linked = await anonymous.linkWithCredential(new UserPasswordCredential(EMAIL, PASSWORD));
  assert.equal(linked.id, anonymous.id);
  await auth.logout();
  const wrong = auth.loginWithCredential(new UserPasswordCredential(EMAIL, "wrong horse"));
  await fails(wrong, "InvalidPassword", "invalid username/password");
  const user = await auth.loginWithCredential(new UserPasswordCredential(EMAIL, PASSWORD));
  assert.equal(user.id, anonymous.id);
  assert.equal(user.profile.email, EMAIL);
  const named = await auth.loginWithCredential(new FunctionCredential({ name: "carol" }));
  assert.equal(named.identities[0].id, "carol");
  const claims = { aud: id, exp: 2145916800, sub: "24602" };
  const token = await auth.loginWithCredential(new CustomCredential(signed(claims, process.env.JWT_KEY)));
  assert.equal(token.identities[0].id, "24602");
  auth.switchToUserWithId(user.id);
  return user;
}

async function functions(user) {
  assert.equal(Number(await client.callFunction("sum", [1, 2, 3])), 6);
  const document = await client.callFunction("echo", [{ oid: new BSON.ObjectID(), list: [1] }]);
  assert.equal(document.oid.toHexString().length, 24);
  assert.equal(await client.callFunction("echo", []), null);
  assert.deepEqual(await client.callFunction("whoAmI", []), [user.id, true]);
  await fails(client.callFunction("none", []), "FunctionNotFound", "function not found: 'none'");
  await fails(client.callFunction("boom", []), "FunctionExecutionError", "TypeError: boom");
}

async function data(user) {
  const source = client.getServiceClient(RemoteMongoClient.factory, "mongodb-atlas");
  const notes = source.db("d").collection("notes");
  const owner = user.id;
  const { insertedId } = await notes.insertOne({ owner, text: "one", n: 1 });
  assert.equal(insertedId.toHexString().length, 24);
  const { insertedIds } = await notes.insertMany([{ _id: "s2", owner, n: 2 }, { _id: "s3", owner, n: 3 }]);
  assert.deepEqual(Object.values(insertedIds), ["s2", "s3"]);
  const found = await notes.find({ n: { $gt: 1 } }, { sort: { n: 1 }, limit: 1 }).toArray();
  assert.deepEqual(found.map((one) => one._id), ["s2"]);
  assert.equal((await notes.find({}).first()).owner, owner);
  assert.equal((await notes.findOne({ _id: "s3" })).n, 3);
  assert.equal(await notes.findOne({ _id: "none" }), null);
  assert.equal(Number(await notes.count({})), 3);
  assert.equal((await notes.aggregate([{ $match: { n: 3 } }]).toArray()).length, 1);
  const updated = await notes.updateOne({ _id: "s2" }, { $set: { text: "two" } });
  assert.deepEqual([updated.matchedCount, updated.modifiedCount], [1, 1]);
  const many = await notes.updateMany({}, { $set: { text: "all" } });
  assert.equal(many.matchedCount, 3);
  const upserted = await notes.updateOne({ _id: "s4" }, { $set: { owner } }, { upsert: true });
  assert.equal(upserted.upsertedId, "s4");
  const options = { returnNewDocument: true };
  const after = await notes.findOneAndUpdate({ _id: "s4" }, { $set: { n: 4 } }, options);
  assert.equal(after.n, 4);
  const replaced = await notes.findOneAndReplace({ _id: "s4" }, { owner, n: 5 }, options);
  assert.deepEqual(replaced, { _id: "s4", owner, n: 5 });
  assert.equal((await notes.findOneAndDelete({ _id: "s4" })).n, 5);
  assert.equal((await notes.deleteOne({ _id: "s2" })).deletedCount, 1);
  assert.equal((await notes.deleteMany({})).deletedCount, 2);
  const closed = source.db("d").collection("closed").find({}).toArray();
  await fails(closed, "NoMatchingRuleFound", "no rule exists for namespace 'd.closed'");
}

async function keys() {
  const provider = auth.getProviderClient(UserApiKeyAuthProviderClient.factory);
  const key = await provider.createApiKey("stitch");
  assert.equal(key.key.length, 64);
  await fails(provider.createApiKey("stitch"), "ApiKeyAlreadyExists", "already exists");
  assert.deepEqual((await provider.fetchApiKeys()).map((one) => one.name), ["stitch"]);
  await provider.disableApiKey(key.id);
  assert.equal((await provider.fetchApiKey(key.id)).disabled, true);
  await provider.enableApiKey(key.id);
  const user = auth.user;
  const machine = await auth.loginWithCredential(new UserApiKeyCredential(key.key));
  assert.equal(machine.id, user.id);
}

async function main() {
  const user = await providers();
  await functions(user);
  await data(user);
  await keys();
  await auth.logout();
  await assert.rejects(client.callFunction("echo", [1]));
  console.log("all: as it should be");
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
