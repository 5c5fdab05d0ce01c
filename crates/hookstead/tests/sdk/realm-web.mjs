// What an app with realm-web does, against a server: `node realm-web.mjs BASE_URL APP_ID`, with the
// keys of tokens in the environment. Every step that is wrong ends it with an error.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";

const Realm = createRequire(import.meta.url)("realm-web");
const { BSON, Credentials } = Realm;

const [baseUrl, id] = process.argv.slice(2);
const app = new Realm.App({ id, baseUrl });
const PASSWORD = "correct horse";

function base64url(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function signed(claims, key) {
  const head = `${base64url({ alg: "HS256", typ: "JWT" })}.${base64url(claims)}`;
  return `${head}.${createHmac("sha256", key).update(head).digest("base64url")}`;
}

/** A token with the claims of another one, which expired an hour ago. */
function expired(token) {
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  const now = Math.floor(Date.now() / 1000);
  return signed({ ...claims, iat: now - 7200, exp: now - 3600 }, process.env.TOKEN_KEY);
}

/** That something fails with a status, a code and a text that begins with this one. */
async function fails(promise, statusCode, errorCode, text = "") {
  await assert.rejects(promise, (error) => {
    const seen = [error.statusCode, error.errorCode];
    assert.deepEqual(seen, [statusCode, errorCode], `${error.message}`);
    assert.ok(error.error.startsWith(text), `${error.error} begins with ${text}`);
    return true;
  });
}

async function registered(email) {
  await app.emailPasswordAuth.registerUser({ email, password: PASSWORD });
  return app.logIn(Credentials.emailPassword(email, PASSWORD));
}

async function providers() {
  const anonymous = await app.logIn(Credentials.anonymous());
  assert.equal(anonymous.identities[0].providerType, "anon-user");
  assert.equal((await app.logIn(Credentials.anonymous())).id, anonymous.id);

  const ada = await registered("ada@example.com");
  assert.equal(ada.profile.email, "ada@example.com");
  const taken = registered("ada@example.com");
  await fails(taken, 409, "AccountNameInUse", "name already in use");
  const wrong = app.logIn(Credentials.emailPassword("ada@example.com", "wrong horse"));
  await fails(wrong, 401, "InvalidPassword", "invalid username/password");

  const claims = { aud: id, exp: 2145916800, sub: "24601" };
  const token = await app.logIn(Credentials.jwt(signed(claims, process.env.JWT_KEY)));
  assert.equal(token.identities[0].id, "24601");
  await fails(app.logIn(Credentials.jwt(signed(claims, "x".repeat(32)))), 401, "AuthError");

  const named = await app.logIn(Credentials.function({ name: "bob", n: 1 }));
  assert.equal(named.identities[0].id, "bob");
  await fails(app.logIn(Credentials.function({ name: "nobody" })), 401, "AuthError", "unknown");
  await fails(app.logIn(Credentials.apiKey("none")), 401, "AuthError", "invalid API key");
  await fails(app.logIn(Credentials.google({ idToken: "x" })), 404, "AuthProviderNotFound");

  const email = "ada@example.com";
  const reset = (password, ...rest) =>
    app.emailPasswordAuth.callResetPasswordFunction({ email, password }, ...rest);
  await fails(reset("new horse", "no"), 400, "BadRequest", "failed to reset password for user");
  await reset("new horse", "yes");
  await app.logIn(Credentials.emailPassword(email, "new horse"));
  const mail = app.emailPasswordAuth.sendResetPasswordEmail({ email });
  await fails(mail, 400, "BadRequest", "please use reset password via function");
  const again = app.emailPasswordAuth.retryCustomConfirmation({ email });
  await fails(again, 400, "BadRequest", `cannot run confirmation for ${email}: automatic`);
  const confirmed = app.emailPasswordAuth.confirmUser({ token: "x", tokenId: "y" });
  await fails(confirmed, 400, "UserpassTokenInvalid", "invalid token data");
}

async function functions() {
  const user = await registered("functions@example.com");
  const { sum, echo, whoAmI } = user.functions;
  assert.equal(Number(await sum(1, 2, 3)), 6);
  assert.equal(Number(await sum(BSON.Long.fromNumber(1), BSON.Long.fromNumber(2))), 3);
  assert.equal(await echo("text"), "text");
  assert.equal(await echo(), null);
  const oid = new BSON.ObjectId();
  const document = await echo({ oid, date: new Date(5), list: [1, { a: null }], float: 1.5 });
  assert.ok(document.oid.equals(oid) && document.date.getTime() === 5);
  assert.deepEqual(document.list, [1, { a: null }]);
  assert.deepEqual(await whoAmI(), [user.id, true]);
  await fails(user.functions.boom(), 400, "FunctionExecutionError", "TypeError: boom");
  await fails(user.functions.none(), 404, "FunctionNotFound", "function not found: 'none'");
  await fails(user.functions.hidden(), 404, "FunctionNotFound", "function not found: 'hidden'");
  await fails(user.functions.denied(), 403, "NoMatchingRuleFound", "no rule matched");
}

async function data() {
  const user = await registered("data@example.com");
  const client = user.mongoClient("mongodb-atlas");
  const notes = client.db("d").collection("notes");
  const owner = user.id;
  const { insertedId } = await notes.insertOne({ owner, text: "one", n: 1 });
  assert.ok(insertedId instanceof BSON.ObjectId);
  const { insertedIds } = await notes.insertMany([
    { _id: "two", owner, text: "two", n: 2 },
    { _id: "three", owner, text: "three", n: 3 },
  ]);
  assert.deepEqual(insertedIds, ["two", "three"]);
  const found = await notes.find({ n: { $gt: 1 } }, { sort: { n: -1 }, projection: { text: 1 } });
  assert.deepEqual(found, [{ _id: "three", text: "three" }, { _id: "two", text: "two" }]);
  assert.equal((await notes.find({}, { limit: 1 })).length, 1);
  assert.equal((await notes.findOne({ _id: insertedId })).text, "one");
  assert.equal(await notes.findOne({ _id: "none" }), null);
  assert.equal(await notes.count(), 3);
  assert.equal(await notes.count({}, { limit: 2 }), 2);
  const grouped = await notes.aggregate([{ $group: { _id: null, sum: { $sum: "$n" } } }]);
  assert.equal(grouped[0].sum, 6);
  const set = { $set: { text: "deux" } };
  const one = await notes.updateOne({ _id: "two" }, set);
  assert.deepEqual(one, { matchedCount: 1, modifiedCount: 1 });
  const plain = await notes.updateMany({}, { n: 9 });
  assert.deepEqual(plain, { matchedCount: 3, modifiedCount: 3 });
  assert.equal((await notes.findOne({ _id: "two" })).text, "deux");
  const upsert = { $set: { owner, text: "four" } };
  const upserted = await notes.updateOne({ _id: "four" }, upsert, { upsert: true });
  assert.deepEqual(upserted, { matchedCount: 0, modifiedCount: 0, upsertedId: "four" });
  const before = await notes.findOneAndUpdate({ _id: "four" }, { $set: { n: 4 } });
  assert.equal(before.n, undefined);
  const replacement = { owner, text: "quatre" };
  const options = { returnNewDocument: true };
  const after = await notes.findOneAndReplace({ _id: "four" }, replacement, options);
  assert.deepEqual(after, { _id: "four", ...replacement });
  assert.equal((await notes.findOneAndDelete({ _id: "four" })).text, "quatre");
  assert.equal(await notes.count({ _id: "four" }), 0);
  assert.deepEqual(await notes.deleteOne({ _id: "two" }), { deletedCount: 1 });

  const other = await registered("other@example.com");
  const others = other.mongoClient("mongodb-atlas").db("d").collection("notes");
  assert.deepEqual(await others.find(), []);
  assert.deepEqual(await others.deleteMany({}), { deletedCount: 0 });
  const foreign = others.insertOne({ owner, text: "x" });
  await fails(foreign, 403, "NoMatchingRuleFound", "insert not permitted");
  const closed = client.db("d").collection("closed");
  await fails(closed.find(), 403, "NoMatchingRuleFound", "no rule exists for namespace 'd.closed'");
  const twice = notes.insertOne({ _id: "three", owner });
  await fails(twice, 500, "MongoDBError", "E11000 duplicate key");
  const nowhere = user.mongoClient("none").db("d").collection("c").find();
  await fails(nowhere, 404, "ServiceNotFound", "service not found: 'none'");
  assert.deepEqual(await notes.deleteMany({}), { deletedCount: 2 });
}

/** Whom a collection belongs to, and what is told of it. */
class Watched {
  constructor(user, options) {
    this.owner = user.id;
    this.notes = user.mongoClient("mongodb-atlas").db("d").collection("notes");
    this.told = [];
    this.ended = this.read(this.notes.watch(options));
  }

  async read(stream) {
    for await (const { operationType, documentKey, fullDocument } of stream) {
      if (documentKey._id === "end") return;
      this.told.push([operationType, documentKey._id, fullDocument?.text]);
    }
  }

  /** Waits until the stream has begun: a stream tells nothing of what was before. */
  async begun() {
    while (this.told.length === 0) {
      await this.notes.insertOne({ _id: "begin", owner: this.owner });
      await this.notes.deleteOne({ _id: "begin" });
    }
  }

  /** What was told since the stream has begun. */
  async end() {
    await this.notes.insertOne({ _id: "end", owner: this.owner });
    await this.ended;
    await this.notes.deleteOne({ _id: "end" });
    return this.told.filter(([, noteId]) => noteId !== "begin");
  }
}

async function watching() {
  const [ann, bob] = [await registered("ann@example.com"), await registered("bob@example.com")];
  const filter = { operationType: "insert" };
  const streams = [
    new Watched(ann), new Watched(bob),
    new Watched(ann, { filter }), new Watched(ann, { ids: ["a1", "begin", "end"] }),
  ];
  for (const stream of streams) await stream.begun();
  const [{ notes: of_ann, owner }, { notes: of_bob }] = streams;
  await of_ann.insertOne({ _id: "a1", owner, text: "100 %\r\n%0A" });
  await of_ann.insertOne({ _id: "a2", owner, text: "größe" });
  await of_ann.updateOne({ _id: "a1" }, { $set: { text: "one" } });
  await of_bob.insertOne({ _id: "b1", owner: bob.id, text: "of bob" });
  await of_ann.deleteMany({ _id: { $in: ["a1", "a2"] } });
  const [a1, a2] = [["insert", "a1", "100 %\r\n%0A"], ["insert", "a2", "größe"]];
  // What rules have judged is stored as a whole.
  const updated = ["replace", "a1", "one"];
  const gone = (noteId) => ["delete", noteId, undefined];
  const expected = [
    [a1, a2, updated, gone("a1"), gone("a2")],
    [["insert", "b1", "of bob"]],
    [a1, a2],
    [a1, updated, gone("a1")],
  ];
  for (const stream of streams) assert.deepEqual(await stream.end(), expected.shift());
  await of_bob.deleteMany({});
  const closed = ann.mongoClient("mongodb-atlas").db("d").collection("closed");
  await fails(closed.watch().next(), 403, "NoMatchingRuleFound", "no rule exists for namespace");
}

async function linking() {
  const user = await app.logIn(Credentials.anonymous(false));
  const email = "linked@example.com";
  await app.emailPasswordAuth.registerUser({ email, password: PASSWORD });
  await user.linkCredentials(Credentials.emailPassword(email, PASSWORD));
  assert.deepEqual(user.identities.map((one) => one.providerType), ["anon-user", "local-userpass"]);
  assert.equal((await app.logIn(Credentials.emailPassword(email, PASSWORD))).id, user.id);
  const taken = (await app.logIn(Credentials.anonymous(false)))
    .linkCredentials(Credentials.emailPassword(email, PASSWORD));
  await fails(taken, 400, "BadRequest", "the identity belongs to a user already");
}

async function keys() {
  const user = await registered("keys@example.com");
  const key = await user.apiKeys.create("nightly");
  assert.equal(key.key.length, 64);
  await fails(user.apiKeys.create("nightly"), 409, "APIKeyAlreadyExists", "API key");
  const [listed] = await user.apiKeys.fetchAll();
  assert.deepEqual([listed._id, listed.name, listed.disabled], [key._id, "nightly", false]);
  assert.equal((await user.apiKeys.fetch(key._id)).name, "nightly");
  const machine = await app.logIn(Credentials.apiKey(key.key));
  assert.equal(machine.id, user.id);
  await fails(machine.apiKeys.delete(key._id), 403, "Forbidden");
  app.switchUser(user);
  const owner = await app.logIn(Credentials.emailPassword("keys@example.com", PASSWORD));
  await owner.apiKeys.disable(key._id);
  await fails(app.logIn(Credentials.apiKey(key.key)), 401, "AuthError", "invalid API key");
  await owner.apiKeys.enable(key._id);
  await owner.apiKeys.delete(key._id);
  await fails(owner.apiKeys.fetch(key._id), 404, "APIKeyNotFound", "API key not found");
}

async function sessions() {
  const user = await registered("sessions@example.com");
  const former = expired(user.accessToken);
  user.accessToken = former;
  assert.equal(await user.functions.echo("still there"), "still there");
  assert.notEqual(user.accessToken, former);
  await user.refreshCustomData();
  const { refreshToken } = user;
  await user.logOut();
  assert.equal(user.isLoggedIn, false);
  const again = await app.logIn(Credentials.emailPassword("sessions@example.com", PASSWORD));
  again.refreshToken = refreshToken;
  again.accessToken = expired(again.accessToken);
  await fails(again.functions.echo(1), 401, "InvalidSession", "invalid session");

  const gone = await registered("gone@example.com");
  await app.deleteUser(gone);
  const log_in = app.logIn(Credentials.emailPassword("gone@example.com", PASSWORD));
  await fails(log_in, 401, "InvalidPassword", "invalid username/password");
}

for (const step of [providers, functions, data, watching, linking, keys, sessions]) {
  if (step === watching && process.env.WATCH === "false") continue;
  await step();
  console.log(`${step.name}: as it should be`);
}
