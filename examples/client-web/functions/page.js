// GET /page
//
// A page that logs in, calls a function, lists the notes of its user and watches them. It speaks
// the client API by itself, as the client libraries do, and is built without a framework.
exports = function (request, response) {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.setHeader("Content-Security-Policy", "default-src 'self' 'unsafe-inline'");
  response.setBody(page);
};

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Notes</title>
<h1>Notes</h1>
<form id="log-in">
  <input id="email" type="email" placeholder="email" required>
  <input id="password" type="password" placeholder="password" minlength="6" required>
  <button name="log-in">Log in</button>
  <button name="register">Register</button>
</form>
<section id="inside" hidden>
  <p id="greeting"></p>
  <form id="add"><input id="text" placeholder="a note" required><button>Add</button></form>
  <ul id="notes"></ul>
  <button id="log-out">Log out</button>
</section>
<p id="error" role="alert"></p>
<script type="module">
  const app = "/api/client/v2.0/app/${context.app.clientAppId}";
  const byId = (id) => document.getElementById(id);
  let session;

  async function send(method, path, body, token) {
    const headers = { "Content-Type": "application/json" };
    if (token) headers.Authorization = "Bearer " + token;
    const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    const json = text === "" ? null : JSON.parse(text);
    if (response.ok) return json;
    throw Object.assign(new Error(json.error), { code: json.error_code });
  }

  // A token lives for half an hour; then the session gives a new one.
  async function refresh(own) {
    const path = "/api/client/v2.0/auth/session";
    own.access_token = (await send("POST", path, undefined, own.refresh_token)).access_token;
  }

  async function call(body) {
    try {
      return await send("POST", app + "/functions/call", body, session.access_token);
    } catch (error) {
      if (error.code !== "InvalidSession") throw error;
      await refresh(session);
      return send("POST", app + "/functions/call", body, session.access_token);
    }
  }

  const NOTES = { database: "web", collection: "notes" };

  const onNotes = (name, argument) => call({
    name, service: "mongodb-atlas", arguments: [{ ...NOTES, ...argument }],
  });

  async function list() {
    const own = session;
    const notes = await onNotes("find", { query: {}, sort: { _id: 1 } });
    if (session !== own) return;
    byId("notes").replaceChildren(...notes.map((note) => {
      const item = document.createElement("li");
      item.textContent = note.text;
      return item;
    }));
  }

  // Lists the notes anew when one has changed, be it on another page. A stream ends with its token
  // and with its connection; then there is another one.
  async function watch(own) {
    const request = { name: "watch", service: "mongodb-atlas", arguments: [NOTES] };
    const encoded = encodeURIComponent(btoa(JSON.stringify(request)));
    while (session === own) {
      const headers = { Accept: "text/event-stream", Authorization: "Bearer " + own.access_token };
      const response = await fetch(app + "/functions/call?baas_request=" + encoded, {
        headers, signal: own.ended.signal,
      }).catch(() => undefined);
      if (response?.status === 401) await refresh(own);
      else if (response?.ok) await follow(response.body).catch(() => undefined);
      else if (response) throw new Error((await response.json()).error);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  async function follow(body) {
    // A stream tells nothing of what was before.
    await list();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; ;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (text + value).split("\\n\\n");
      text = blocks.pop();
      if (blocks.some((block) => block.startsWith("data:"))) await list();
    }
  }

  function show() {
    byId("inside").hidden = !session;
    byId("log-in").hidden = Boolean(session);
  }

  function on(id, event, act) {
    byId(id).addEventListener(event, async (happened) => {
      happened.preventDefault();
      byId("error").textContent = "";
      try {
        await act(happened);
      } catch (error) {
        byId("error").textContent = error.message;
      }
    });
  }

  on("log-in", "submit", async ({ submitter }) => {
    const provider = app + "/auth/providers/local-userpass/";
    const [email, password] = [byId("email").value, byId("password").value];
    if (submitter.name === "register") {
      await send("POST", provider + "register", { email, password });
    }
    session = await send("POST", provider + "login", { username: email, password });
    show();
    const own = session;
    own.ended = new AbortController();
    watch(own).catch((error) => {
      byId("error").textContent = error.message;
    });
    byId("greeting").textContent = await call({ name: "greet", arguments: [] });
  });

  on("add", "submit", async () => {
    const document = { owner: session.user_id, text: byId("text").value };
    await onNotes("insertOne", { document });
    byId("text").value = "";
  });

  on("log-out", "click", async () => {
    await send("DELETE", "/api/client/v2.0/auth/session", undefined, session.refresh_token);
    session.ended.abort();
    session = undefined;
    byId("notes").replaceChildren();
    show();
  });
</script>
</html>
`;
