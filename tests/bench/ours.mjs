// Our own worker, started inside the built page the way the page itself starts it.
import { open } from "./browser.mjs";

/** Opens the page in a browser of its own and the worker in it. */
export async function ours(origin) {
  const { browser, version, cpu, close } = await open();
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  const said = [];
  page.on("console", (message) => message.type() === "error" && said.push(message.text()));
  await page.goto(`${origin}/`);
  const { download, start } = await page.evaluate(startWorker);
  let next = 0;
  const ask = async (question) => {
    const answer = await page.evaluate((text) => globalThis.askBench(text), JSON.stringify({ id: next++, ...question }));
    if (answer.error) throw new Error(`${JSON.stringify(question)}: ${answer.error}${said.length ? `; the console says: ${said.join("; ")}` : ""}`);
    return answer.result;
  };
  return {
    name: "ours",
    browser: version,
    /** Milliseconds to fetch the worker's wasm from this machine, and to compile and start it. */
    worker: { download_ms: download, start_ms: start },
    /** Opens a device and a step; says which adapter it is. */
    open: (device, setting, kind) => ask({ do: "open", device, setting, kind }),
    /** { ms: [], losses: [], memory, cpu_ms } */
    async steps(count) {
      const before = cpu();
      const result = await ask({ do: "steps", count });
      return { ...result, cpu_ms: before === null ? null : cpu() - before };
    },
    parts: async (setting, warm, count) => (await ask({ do: "parts", setting, warm_up: warm, count })).parts,
    close,
    page,
  };
}

/** Runs in the page: worker from a `blob:` module, wasm sent to it, as src/app/client/loader.rs does. */
async function startWorker() {
  const base = new URL("./", document.baseURI).href;
  const begun = performance.now();
  const wasm = await (await fetch(`${base}worker_bg.wasm`)).arrayBuffer();
  const fetched = performance.now();
  const script = `import init from ${JSON.stringify(`${base}worker.js`)};
self.onmessage = async ({ data }) => { self.onmessage = null; await init({ module_or_path: data }); };`;
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })), { type: "module" });
  await new Promise((ready, failed) => {
    worker.onmessage = ready;
    worker.onerror = (event) => failed(new Error(event.message));
    worker.postMessage(wasm, [wasm]);
  });
  globalThis.askBench = (text) =>
    new Promise((done, failed) => {
      worker.onmessage = ({ data }) => data.bench !== undefined && done(JSON.parse(data.bench));
      worker.onerror = (event) => failed(new Error(event.message));
      worker.postMessage({ bench: text });
    });
  return { download: fetched - begun, start: performance.now() - fetched };
}

/** Milliseconds from a cold start of the page until it has answered a click; the median of `times` fresh profiles. */
export async function loadTimes(origin, times) {
  const { browser, close } = await open();
  const all = [];
  for (let i = 0; i < times; i++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    // Clicks the first link that leads elsewhere as soon as it is there, until the address has changed.
    await page.addInitScript(() => {
      const here = location.href;
      const look = () => {
        if (location.href !== here) {
          globalThis.answered = performance.now();
          return;
        }
        const links = [...document.querySelectorAll("nav a[href]")];
        links.find((link) => link.href !== here && !link.href.includes("#"))?.click();
        setTimeout(look, 5);
      };
      look();
    });
    await page.goto(`${origin}/`);
    await page.waitForFunction(() => globalThis.answered);
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null);
    all.push({ answered: await page.evaluate(() => globalThis.answered), paint });
    await context.close();
  }
  await close();
  return all;
}
