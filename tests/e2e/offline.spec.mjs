// The service worker: it isolates the page on a host that sends no headers, keeps it for use offline, and offers a new build
// without mixing it with the old one. And the worker's download, as hosts send it.
import { test as base, expect, expectAccessible } from "./fixtures.mjs";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { answer, isolation } from "./server.mjs";
import { go, messages } from "./person.mjs";
import { button } from "./runs.mjs";

const dist = process.env.DIST;
const NEWER = "0123456789abcdef";
const build = (page) => page.locator("meta[name=build]").getAttribute("content");

const test = base.extend({
  /** A host of its own: it sends no headers, and can go away, send a newer build, compress, or break off. */
  host: async ({}, use) => {
    const host = { headers: {}, down: false, newer: false, wasm: null, seen: [] };
    const own = /const BUILD = "(.+)"/.exec(readFileSync(join(dist, "service-worker.js"), "utf8"))[1];
    const server = createServer((request, response) => {
      if (host.down) return request.socket.destroy();
      const path = new URL(request.url, "http://host").pathname;
      host.seen.push(`${request.method} ${path.slice("/x/".length)}`);
      const special = path.includes(".wasm") && host.wasm?.(path, request, response);
      if (special) return;
      if (!host.newer || !/(\/|\.html|service-worker\.js)$/.test(path)) return answer(dist, host.headers, request, response);
      const text = readFileSync(join(dist, path.slice("/x/".length), path.endsWith("/") ? "index.html" : ""), "utf8");
      const type = path.endsWith(".js") ? "text/javascript" : "text/html";
      response.writeHead(200, { ...host.headers, "Content-Type": type }).end(text.replaceAll(own, NEWER));
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    host.address = `http://localhost:${server.address().port}/x/`;
    await use(host);
    server.closeAllConnections();
    server.close();
  },
  baseURL: ({ host }, use) => use(host.address),
});
test.use({ serviceWorkers: "allow" });
test.setTimeout(240_000);

const foot = (page) => page.getByRole("contentinfo");
const ready = (page) => expect(foot(page)).toContainText("Ready for use offline.", { timeout: 60_000 });
const trains = (page) => expect(foot(page)).toContainText("Training device", { timeout: 90_000 });
const isolated = (page) => page.evaluate(() => crossOriginIsolated);
/** Opens a page, which may reload itself. */
const open = (page, route) => page.goto(route, { waitUntil: "commit" });

/** How often a page has been opened. */
function visits(page) {
  let count = 0;
  page.on("request", (request) => (count += request.isNavigationRequest()));
  return () => count;
}

test("without headers the page isolates itself by one reload, and without a host it opens and trains", async ({ page, host }) => {
  const opened = visits(page);
  await open(page, "help/");
  await ready(page);
  expect(await isolated(page)).toBe(true);
  expect(opened()).toBe(2);
  await expectAccessible(page);

  host.down = true;
  await open(page, "lesson/nt-xent/?step=2");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("NT-Xent");
  await open(page, "data");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Images");
  await page.getByLabel("Image size").selectOption("16");
  await button(page, "Load the sample set").click();
  await expect(page.getByRole("heading", { name: "What was loaded" })).toBeVisible({ timeout: 180_000 });
  await go(page, "Pre-train");
  await expect(page.getByRole("region", { name: "Device" }).getByRole("strong")).toHaveText("CPU");
  await expect(page.getByText(/On one thread/)).toHaveCount(0);
  await ready(page);
  expect(await isolated(page)).toBe(true);
  expect(opened()).toBe(4);
});

test("where the host sends the headers nothing is reloaded, and the page is kept too", async ({ page, host }) => {
  host.headers = isolation;
  const opened = visits(page);
  await open(page, "help/");
  await ready(page);
  expect(await isolated(page)).toBe(true);
  expect(opened()).toBe(1);
});

test("a new build is offered, and until it is taken the old page has its old worker", async ({ page, host }) => {
  await open(page, "help/");
  await ready(page);
  const old = await build(page);
  host.newer = true;
  await open(page, "help/");
  await expect(messages(page)).toContainText("A new version of this page is ready.", { timeout: 60_000 });
  await expectAccessible(page);
  expect(await build(page)).toBe(old);
  await open(page, "runs/");
  await trains(page);
  expect(await build(page)).toBe(old);
  await button(page, "Reload to use it").click();
  await expect.poll(() => build(page).catch(() => ""), { timeout: 60_000 }).toBe(NEWER);
  await expect(messages(page)).toHaveText("");
  await trains(page);
  await ready(page);
  const caches = await page.evaluate(() => caches.keys());
  expect(caches, "the old build is deleted").toEqual([`${host.address} ${NEWER}`]);
  expect(host.seen.filter((one) => one === "GET worker.js"), "files that both builds have are fetched once").toHaveLength(1);
});

test("a page of another build is not kept beside this one's files", async ({ page, host }) => {
  host.wasm = (path, request) => (host.newer ||= request.method === "GET" && path.endsWith(".gz")) && false;
  await open(page, "help/");
  await expect.poll(() => host.seen.filter((one) => one === "GET lesson/lars/").length, { timeout: 60_000 }).toBe(1);
  await page.waitForTimeout(1_000);
  await expect(foot(page)).not.toContainText("Ready for use offline.");
  // Later visits are to the newer build, and nobody is asked.
  await expect(async () => {
    await open(page, "help/");
    await expect(foot(page)).toContainText("Ready for use offline.", { timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
  expect(await build(page)).toBe(NEWER);
  await expect(messages(page)).toHaveText("");
});

test("Runs tells what the program takes, and deletes it with everything", async ({ page }) => {
  await open(page, "runs/");
  await ready(page);
  const storage = page.getByRole("region", { name: "Storage" });
  const line = storage.getByText(/This page with its training program, for use offline \(\d+(\.\d+)? MB\)/);
  await expect(line).toBeVisible({ timeout: 60_000 });
  await expectAccessible(page);
  await button(page, "Delete everything stored").click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await expect(storage).toContainText("Everything that this site had stored here is deleted.", { timeout: 60_000 });
  await expect(line).toHaveCount(0);
  await expect(foot(page)).not.toContainText("Ready for use offline.");
  const left = await page.evaluate(async () => [await caches.keys(), await navigator.serviceWorker.getRegistrations()]);
  expect(left).toEqual([[], []]);
  // The next visit is like the first.
  await open(page, "help/");
  await ready(page);
  expect(await isolated(page)).toBe(true);
});

test("a host that compresses by brotli is asked for the plain file, which is kept packed", async ({ page, host }) => {
  const plain = readFileSync(join(dist, "worker_bg.wasm"));
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } };
  host.wasm = (path, request, response) => {
    if (path.endsWith(".gz")) return false;
    const packed = brotliCompressSync(readFileSync(join(dist, path.slice("/x/".length))), quick);
    response.writeHead(200, { "Content-Type": "application/wasm", "Content-Encoding": "br", "Content-Length": packed.length });
    return response.end(request.method === "HEAD" ? undefined : packed);
  };
  // A reload would cut the question off.
  host.headers = isolation;
  await open(page, "pretrain/");
  await trains(page);
  await ready(page);
  expect(host.seen.filter((one) => one === "GET worker_bg.wasm.gz")).toEqual([]);
  const kept = await page.evaluate(async () => {
    const version = document.querySelector("meta[name=worker-version]").content;
    const file = await caches.match(`worker_bg.wasm.gz?v=${version}`);
    const unpacked = await new Response(file.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
    return [...new Uint8Array(await crypto.subtle.digest("SHA-256", unpacked))];
  });
  expect(kept).toEqual([...createHash("sha256").update(plain).digest()]);
  host.down = true;
  await open(page, "pretrain/");
  await trains(page);
});

test.describe("without a service worker", () => {
  test.use({ serviceWorkers: "block" });

  test("a host that has the browser unpack the worker: it starts all the same, on one thread, which is said", async ({ page, host }) => {
    host.wasm = (path, request, response) => {
      if (!path.endsWith(".gz")) return false;
      const packed = readFileSync(join(dist, "worker_bg.wasm.gz"));
      return response.writeHead(200, { "Content-Type": "application/gzip", "Content-Encoding": "gzip", "Content-Length": packed.length }).end(packed);
    };
    await open(page, "pretrain/");
    await trains(page);
    await expect(page.getByRole("region", { name: "Device" })).toContainText("On one thread: the browser does not isolate this page.");
    expect(await isolated(page)).toBe(false);
    await expectAccessible(page);
  });

  test.describe("a download that breaks off", () => {
    test.use({ expectedErrors: [/net::ERR/] });
    test("is told, and the next one starts the worker", async ({ page, host }) => {
      const packed = readFileSync(join(dist, "worker_bg.wasm.gz"));
      host.wasm = (path, request, response) => {
        if (!path.endsWith(".gz")) return false;
        response.writeHead(200, { "Content-Length": packed.length }).write(packed.subarray(0, 2e6), () => response.destroy());
        return true;
      };
      await open(page, "pretrain/");
      await expect(messages(page)).toContainText("could not be loaded", { timeout: 60_000 });
      await expectAccessible(page);
      // Cut short, but as if it were whole.
      host.wasm = (path, request, response) => path.endsWith(".gz") && response.writeHead(200).end(packed.subarray(0, 2e6));
      await messages(page).getByRole("button", { name: "Restart" }).click();
      await expect(messages(page)).toContainText("could not be loaded", { timeout: 60_000 });
      host.wasm = null;
      await messages(page).getByRole("button", { name: "Restart" }).click();
      await trains(page);
      await expect(messages(page)).toHaveText("");
    });
  });
});
