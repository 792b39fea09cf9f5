// Isolates the page from other origins, which threads need, where the host sends no headers for it; and keeps the whole
// program for use offline. `cargo xtask finish` fills in the braces: see xtask/src/finish.rs.
const BUILD = "{{build}}";
/** Folders of the pages, and files with names (or `?v=`) that no other build gives them. */
const PAGES = [{{pages}}];
const FILES = [{{files}}];
const NAMED = /[-=][0-9a-f]{12,16}(?![0-9a-f])/;
const PACKED = "worker_bg.wasm.gz";

const SCOPE = self.registration.scope;
/** Other sites may share the origin. */
const OURS = `${SCOPE} `;
const CACHE = OURS + BUILD;
/** What follows the last file into the cache: the bytes of all. */
const DONE = `${SCOPE}?kept`;

const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** The answer with the headers, as the browser has unpacked it. */
function isolated(response) {
  if (response.type === "opaqueredirect") return response;
  const headers = new Headers(response.headers);
  for (const name of ["Content-Encoding", "Content-Length", "Vary"]) headers.delete(name);
  for (const name in HEADERS) headers.set(name, HEADERS[name]);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

async function get(url) {
  const response = await fetch(url, { cache: "no-cache" });
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  return isolated(response);
}

/** The worker, packed by gzip. A host that compresses by brotli sends less where it is asked for the plain file. */
async function worker(url) {
  const plain = url.replace(".gz", "");
  const { headers } = await fetch(plain, { method: "HEAD" });
  if (!/^(br|zstd)$/.test(headers.get("Content-Encoding"))) return get(url);
  const response = await get(plain);
  return new Response(response.body.pipeThrough(new CompressionStream("gzip")), response);
}

/** Keeps one file, from an earlier build or from the host, and gives its bytes. */
async function keepFile(cache, file) {
  const url = SCOPE + file;
  const response = (await caches.match(url)) ?? (await (file.startsWith(PACKED) ? worker(url) : get(url)));
  const body = await response.blob();
  await cache.put(url, new Response(body, response));
  return body.size;
}

/** Keeps one page, if the host has not gone on to another build. */
async function keepPage(cache, page) {
  const response = await get(SCOPE + page);
  const body = await response.text();
  if (!body.includes(`"${BUILD}"`)) throw new Error(`${SCOPE + page} is of another build`);
  await cache.put(SCOPE + page, new Response(body, response));
  return body.length;
}

/** Keeps the build, unless it is kept, and gives its bytes. Pages come last: they tell whether all is of one build. */
async function keep() {
  const cache = await caches.open(CACHE);
  const done = await cache.match(DONE);
  if (done) return Number(await done.text());
  const files = await Promise.all(FILES.map((file) => keepFile(cache, file)));
  const pages = await Promise.all(PAGES.map((page) => keepPage(cache, page)));
  const bytes = [...files, ...pages].reduce((all, one) => all + one);
  await cache.put(DONE, new Response(bytes));
  return bytes;
}

let keeping;
const keepOnce = () => (keeping ??= keep().finally(() => (keeping = undefined)));

/** The builds of which something is kept. */
const builds = async () => (await caches.keys()).filter((name) => name.startsWith(OURS));

/** An earlier build stays while a page of it may be open in another tab. */
async function dropEarlier() {
  const tabs = (await self.clients.matchAll({ type: "window", includeUncontrolled: true })).filter(({ url }) => url.startsWith(SCOPE));
  if (tabs.length > 1 || self.registration.installing || self.registration.waiting) return;
  for (const name of await builds()) if (name !== CACHE) await caches.delete(name);
}

/** The first service worker isolates the page at once, and keeps the program when the page has loaded. One that comes after
 * a build that is kept brings all of its own, and waits until the person takes it. */
async function install() {
  const kept = await Promise.all((await builds()).map((cacheName) => caches.match(DONE, { cacheName })));
  await (kept.some(Boolean) ? keepOnce() : self.skipWaiting());
}
self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const orders = {
  keep: () => dropEarlier().then(keepOnce),
  take: () => self.skipWaiting(),
};
self.addEventListener("message", (event) => {
  const [port] = event.ports;
  event.waitUntil(orders[event.data]().then((answer) => port?.postMessage(answer), (error) => port?.postMessage(String(error))));
});

async function page(request) {
  const folder = request.url.replace(/[?#].*/, "").replace(/(\/index\.html|\/)?$/, "/");
  const kept = (await caches.match(DONE, { cacheName: CACHE })) && (await caches.match(folder, { cacheName: CACHE }));
  return kept || isolated(await fetch(request, { cache: "no-cache" }));
}

const file = async (request) => (await caches.match(request.url)) ?? fetch(request);

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(SCOPE)) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (NAMED.test(request.url.slice(SCOPE.length))) event.respondWith(file(request));
});
