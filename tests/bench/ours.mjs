// Our own worker, started inside the built page the way the page itself starts it.
import { cpus } from "node:os";
import { DEADLINE, read } from "./arguments.mjs";
import { open } from "./browser.mjs";
import { within } from "./report.mjs";

/** Opens the page in a browser of its own and the worker in it, with so many threads on the CPU, 0 for all cores. */
export async function ours(origin, threads = read(process.argv.slice(2)).threads) {
  const { browser, version, cpu, close } = await open();
  try {
    // Nothing is fetched beside what is measured.
    const page = await browser.newPage({ serviceWorkers: "block" });
    const said = [];
    page.on("console", (message) => message.type() === "error" && said.push(message.text()));
    await page.goto(`${origin}/`);
    const { download, start } = await within(DEADLINE, "ours: starting the worker", page.evaluate(startWorker, threads));
    let next = 0;
    const ask = async (question) => {
      const text = JSON.stringify({ id: next++, ...question });
      const answer = await within(DEADLINE, `ours: ${text}`, page.evaluate((text) => globalThis.askBench(text), text));
      if (answer.error) throw new Error(`${text}: ${answer.error}${said.length ? `; the console says: ${said.join("; ")}` : ""}`);
      return answer.result;
    };
    /** Commands that the worker has given the GPU so far: { kernels, uploads }. */
    const commands = () => within(DEADLINE, "ours: commands given", page.evaluate(() => globalThis.askCommands()));
    const counted = async (what, count) => {
      const before = cpu();
      const given = await commands();
      const result = await ask({ do: what, count });
      const cpu_ms = before === null ? null : cpu() - before;
      const each = ([name, all]) => [name, (all - given[name]) / count];
      return { ...result, cpu_ms, ...Object.fromEntries(Object.entries(await commands()).map(each)) };
    };
    return {
      name: "ours",
      threads: threads || cpus().length,
      browser: version,
      /** Milliseconds to fetch the worker's wasm from this machine, and to compile and start it. */
      worker: { download_ms: download, start_ms: start },
      /** Opens a device and a step; says which adapter it is. */
      open: (device, setting, kind) => ask({ do: "open", device, setting, kind }),
      /** { ms: [], losses: [], memory, cpu_ms, kernels, uploads }, the last two a step. */
      steps: (count) => counted("steps", count),
      parts: async (setting, warm, count) => (await ask({ do: "parts", setting, warm_up: warm, count })).parts,
      /** A checkpoint beside the steps, so many times: { ms: [], held_up_ms: [], at_a_time_ms: [], bytes }. */
      saving: (count, saves) => ask({ do: "saving", count, saves }),
      /** Forward passes of a published encoder: { ms: [], first_ms, adapter, software, memory }. */
      forward: (device, encoder, side, images, count) => ask({ do: "forward", device, encoder, side, images, count }),
      /** More of them, as `steps`. */
      passes: (count) => counted("passes", count),
      /** Linear evaluation on the device that is open: { seconds, images }. */
      evaluation: () => ask({ do: "evaluation" }),
      close,
      page,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs in the page: worker and threads from `blob:` modules, wasm sent to them, as src/app/client/connection.rs does. */
async function startWorker(chosen) {
  const threads = chosen || navigator.hardwareConcurrency;
  const base = new URL("./", document.baseURI).href;
  const begun = performance.now();
  const wasm = await (await fetch(`${base}worker_bg.wasm`)).arrayBuffer();
  const fetched = performance.now();
  const module_or_path = await WebAssembly.compile(wasm);
  const start = (name, code) => {
    const script = `import init, { share, compute } from ${JSON.stringify(`${base}worker.js`)};\n${code}`;
    return new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })), { type: "module", name });
  };
  // Beside it, on a channel of its own, the worker counts what it gives the GPU.
  const script = `
const commands = { kernels: 0, uploads: 0 };
const counted = (type, method, name) => {
  const own = type?.prototype[method];
  if (own) type.prototype[method] = function (...given) { commands[name] += 1; return own.apply(this, given); };
};
counted(self.GPUComputePassEncoder, "dispatchWorkgroups", "kernels");
counted(self.GPUComputePassEncoder, "dispatchWorkgroupsIndirect", "kernels");
counted(self.GPUQueue, "writeBuffer", "uploads");
const channel = new BroadcastChannel("commands");
channel.onmessage = ({ data }) => data === "?" && channel.postMessage(commands);
self.onmessage = async ({ data }) => {
  self.onmessage = null;
  await init(data);
  if (${threads} > 1) share(${threads});
  postMessage({});
};`;
  const worker = start("worker", script);
  await new Promise((ready, failed) => {
    worker.onmessage = ({ data }) => {
      // "Ready" comes before.
      if (data.body) return;
      if (!data.memory) return ready();
      for (let i = 1; i < threads; i++) {
        const thread = start("pool", "onmessage = async ({ data }) => { await init(data); compute(); };");
        thread.onerror = (event) => failed(new Error(event.message));
        thread.postMessage({ module_or_path, memory: data.memory });
      }
    };
    worker.onerror = (event) => failed(new Error(event.message));
    worker.postMessage({ module_or_path });
  });
  globalThis.askBench = (text) =>
    new Promise((done, failed) => {
      worker.onmessage = ({ data }) => data.bench !== undefined && done(JSON.parse(data.bench));
      worker.onerror = (event) => failed(new Error(event.message));
      worker.postMessage({ bench: text });
    });
  const channel = new BroadcastChannel("commands");
  globalThis.askCommands = () =>
    new Promise((done) => {
      channel.onmessage = ({ data }) => done(data);
      channel.postMessage("?");
    });
  return { download: fetched - begun, start: performance.now() - fetched };
}

/** Milliseconds from a cold start of the page until it has answered a click; the median of `times` fresh profiles. */
export async function loadTimes(origin, times) {
  const { browser, close } = await open();
  const all = [];
  for (let i = 0; i < times; i++) {
    const context = await browser.newContext({ serviceWorkers: "block" });
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
