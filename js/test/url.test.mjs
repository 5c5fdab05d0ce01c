// URL and URLSearchParams.

import assert from "node:assert/strict";
import { test } from "node:test";
import { globals } from "./support.mjs";

const { URL, URLSearchParams } = globals;

test("a URL has its parts", () => {
  const url = new URL("../x?a=1#h", "https://u:p@example.com:8080/y/z");
  assert.equal(url.href, "https://u:p@example.com:8080/x?a=1#h");
  const { origin, protocol, username, password, host, hostname, port, pathname } = url;
  assert.deepEqual(
    [origin, protocol, username, password, host, hostname, port, pathname],
    ["https://example.com:8080", "https:", "u", "p", "example.com:8080", "example.com", "8080",
      "/x"],
  );
  assert.deepEqual([url.search, url.hash], ["?a=1", "#h"]);
  assert.equal(JSON.stringify({ url }), '{"url":"https://u:p@example.com:8080/x?a=1#h"}');
  assert.equal(`${url}`, url.href);
});

test("a wrong URL throws, and can be asked about", () => {
  assert.throws(() => new URL("x"), { name: "TypeError", code: "ERR_INVALID_URL" });
  assert.equal(URL.canParse("x"), false);
  assert.equal(URL.canParse("x", "https://a.b"), true);
  assert.equal(URL.parse("x"), null);
  const url = new URL("https://a.b");
  assert.throws(() => {
    url.href = "x";
  }, TypeError);
  assert.equal(url.href, "https://a.b/");
});

test("parts can be set, and the query follows in both directions", () => {
  const url = new URL("https://a.b/?x=1");
  const params = url.searchParams;
  params.append("y", "ä b");
  assert.equal(url.href, "https://a.b/?x=1&y=%C3%A4+b");
  url.search = "?z=2";
  assert.equal(params.get("z"), "2");
  assert.equal(url.searchParams, params);
  params.delete("z");
  assert.equal(url.href, "https://a.b/");
  url.pathname = "/p q";
  url.hash = "h";
  url.port = "81";
  url.hostname = "c.d";
  assert.equal(url.href, "https://c.d:81/p%20q#h");
  url.href = "https://e.f/?n=1";
  assert.equal(params.get("n"), "1");
});

const read = [
  ["a=1&b=2", [["a", "1"], ["b", "2"]]],
  ["?a=1", [["a", "1"]]],
  ["", []],
  ["&&a&=b&c=", [["a", ""], ["", "b"], ["c", ""]]],
  ["a=b=c", [["a", "b=c"]]],
  ["a+b=%20%2B", [["a b", " +"]]],
  ["a=%zz%4", [["a", "%zz%4"]]],
  ["a=%ff%C3%A4", [["a", "\ufffdä"]]],
  ["%e4%b8%ad=中", [["中", "中"]]],
];
for (const [query, pairs] of read) {
  test(`parameters of "${query}"`, () => {
    assert.deepEqual([...new URLSearchParams(query)], pairs);
    assert.deepEqual([...new globalThis.URLSearchParams(query)], pairs);
  });
}

test("parameters from other things", () => {
  assert.equal(new URLSearchParams({ a: 1, b: "x y" }).toString(), "a=1&b=x+y");
  assert.equal(new URLSearchParams([["a", "1"], ["a", "2"]]).toString(), "a=1&a=2");
  assert.equal(new URLSearchParams(new Map([["m", "1"]])).toString(), "m=1");
  assert.equal(new URLSearchParams(new URLSearchParams("a=1")).toString(), "a=1");
  assert.throws(() => new URLSearchParams([["a"]]), TypeError);
});

test("the methods of parameters", () => {
  const params = new URLSearchParams("b=1&a=2&b=3");
  assert.deepEqual([params.get("b"), params.get("x"), params.size], ["1", null, 3]);
  assert.deepEqual(params.getAll("b"), ["1", "3"]);
  assert.ok(params.has("a") && params.has("b", "3") && !params.has("b", "4"));
  params.sort();
  assert.equal(params.toString(), "a=2&b=1&b=3");
  params.set("b", "9");
  params.set("c", "0");
  assert.equal(params.toString(), "a=2&b=9&c=0");
  params.delete("c", "1");
  params.delete("a");
  assert.deepEqual([...params.keys()], ["b", "c"]);
  assert.deepEqual([...params.values()], ["9", "0"]);
  const seen = [];
  params.forEach((value, name) => seen.push(name + value));
  assert.deepEqual(seen, ["b9", "c0"]);
});

test("parameters are written as a form", () => {
  const text = "a-._*!'()~ +&=%é\ud800";
  const expected = new globalThis.URLSearchParams([["k", text]]).toString();
  assert.equal(new URLSearchParams([["k", text]]).toString(), expected);
});
