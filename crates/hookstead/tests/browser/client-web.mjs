// What people do on the page of examples/client-web, in Chromium:
// `node client-web.mjs CHROMIUM URL PROFILE_DIR`. Every step that is wrong ends it with an error.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";

const [chromium, url, profile] = process.argv.slice(2);

/** A browser without a window, which is told what to do over pipes. */
class Browser {
  constructor() {
    const flags = [
      "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
      "--no-first-run", "--disable-extensions", "--disable-background-networking",
      "--remote-debugging-pipe", `--user-data-dir=${profile}`,
    ];
    const stdio = ["ignore", "ignore", "ignore", "pipe", "pipe"];
    this.process = spawn(chromium, flags, { stdio });
    [, , , this.commands, this.answers] = this.process.stdio;
    this.waiting = new Map();
    this.last = 0;
    let text = "";
    this.answers.setEncoding("utf8").on("data", (chunk) => {
      const messages = (text + chunk).split("\0");
      text = messages.pop();
      for (const message of messages) this.answered(JSON.parse(message));
    });
    this.process.on("exit", (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`Chromium ended: ${code}`));
    });
  }

  answered({ id, result, error }) {
    const { resolve, reject } = this.waiting.get(id) ?? {};
    this.waiting.delete(id);
    if (error) reject?.(new Error(error.message));
    else resolve?.(result);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.last += 1;
    this.commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  /** A page that shares nothing with the others. */
  async open() {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    const { targetId } = await this.send("Target.createTarget", { url, browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId);
    await page.until(`document.readyState === "complete" && location.href !== "about:blank"`);
    return page;
  }
}

class Page {
  constructor(browser, sessionId) {
    Object.assign(this, { browser, sessionId });
  }

  async run(expression) {
    const params = { expression, returnByValue: true };
    const { result, exceptionDetails } =
      await this.browser.send("Runtime.evaluate", params, this.sessionId);
    assert.equal(exceptionDetails, undefined, expression);
    return result.value;
  }

  /** Waits until an expression holds. */
  async until(expression) {
    const end = Date.now() + 120_000;
    while (!await this.run(expression)) {
      if (Date.now() > end) {
        const text = await this.run("document.body.innerText");
        throw new Error(`${expression} does not hold: ${text}`);
      }
      await pause(50);
    }
  }

  fill(id, text) {
    return this.run(`document.getElementById("${id}").value = ${JSON.stringify(text)}`);
  }

  async enter(email, button) {
    await this.fill("email", email);
    await this.fill("password", "correct horse");
    await this.run(`document.querySelector("[name=${button}]").click()`);
    await this.until(`document.getElementById("greeting").textContent === "Hello, ${email}!"`);
  }

  async add(text) {
    await this.fill("text", text);
    await this.run(`document.querySelector("#add button").click()`);
  }

  /** Waits until just these notes are listed. */
  async lists(...notes) {
    const listed = `[...document.querySelectorAll("#notes li")].map((one) => one.textContent)`;
    await this.until(`JSON.stringify(${listed}) === ${JSON.stringify(JSON.stringify(notes))}`);
    assert.equal(await this.run(`document.getElementById("error").textContent`), "");
  }
}

const browser = new Browser();
const [ann, annElsewhere, bob] = [await browser.open(), await browser.open(), await browser.open()];
await ann.enter("ann@example.com", "register");
await annElsewhere.enter("ann@example.com", "log-in");
await bob.enter("bob@example.com", "register");
await ann.add("<b>of ann</b> 100 %");
await ann.lists("<b>of ann</b> 100 %");
// Nobody has asked for these: the page was told.
await annElsewhere.lists("<b>of ann</b> 100 %");
await annElsewhere.add("größe");
await ann.lists("<b>of ann</b> 100 %", "größe");
await bob.add("of bob");
await bob.lists("of bob");
await ann.lists("<b>of ann</b> 100 %", "größe");
await ann.run(`document.getElementById("log-out").click()`);
await ann.until(`document.getElementById("inside").hidden`);
await ann.enter("bob@example.com", "log-in");
await ann.lists("of bob");
await bob.add("more of bob");
await ann.lists("of bob", "more of bob");
await browser.send("Browser.close");
console.log("the page does what it should");
