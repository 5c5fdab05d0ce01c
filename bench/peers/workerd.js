// The works of the benchmark as a worker for workerd.

const base = "/app/bench-abcde/endpoint";
const text = { headers: { "Content-Type": "text/plain; charset=utf-8" } };

export default {
  fetch(request, env) {
    switch (`${request.method} ${pathOf(request)}`) {
      case `POST ${base}/order`:
        return order(request, env);
      case `POST ${base}/batch`:
        return batch(request, env);
      case `GET ${base}/hello`:
        return new Response("Hello", text);
      case `GET ${base}/timers`:
        return timers();
      case `GET ${base}/slow`:
        return slow();
      case `GET ${base}/spin`:
        for (;;);
      default:
        return Response.json({ error: "not found" }, { status: 404 });
    }
  },
};

// Much cheaper than `new URL`; the first slashes are those of `http://`.
function pathOf({ url }) {
  return url.slice(url.indexOf("/", 8));
}

async function order(request, env) {
  const body = await request.arrayBuffer();
  if (!(await isSigned(body, request, env))) return refusal();
  const { items } = JSON.parse(decoder.decode(body));
  const total = items.reduce((sum, item) => sum + item.price * item.quantity, 0);
  return Response.json({ total, count: items.length }, { status: 201 });
}

async function batch(request, env) {
  const body = await request.arrayBuffer();
  if (!(await isSigned(body, request, env))) return refusal();
  const { items } = JSON.parse(decoder.decode(body));
  return Response.json({ count: items.length });
}

async function timers() {
  for (let round = 0; round < 3; round += 1) await sleep(1);
  return Response.json({ waited: 3 });
}

async function slow() {
  await sleep(2000);
  return Response.json({ waited: 1 });
}

const decoder = new TextDecoder();
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// `verify` compares in constant time. The key is imported once, and not for every request.
let key;
async function isSigned(body, request, env) {
  const signature = signatureOf(request.headers.get("endpoint-signature") ?? "");
  if (!signature) return false;
  key ??= await importKey(env.BENCH_SECRET);
  return crypto.subtle.verify("HMAC", key, signature, body);
}

function importKey(secret) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, [
    "verify",
  ]);
}

const prefix = "sha256=";

function signatureOf(header) {
  const hex = header.slice(prefix.length);
  if (!header.startsWith(prefix) || !/^[0-9a-f]{64}$/.test(hex)) return undefined;
  return Uint8Array.from({ length: 32 }, (_, index) =>
    parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}

function refusal() {
  return Response.json({ error: "the request could not be verified" }, { status: 401 });
}
