// The page's own worker, asked without the page: comparisons with golden values on a device by name (src/worker/jobs/questions.rs).
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A golden file: of GOLDEN_DIR, or our own copy. A file without a case fails, so that an emptied file can't pass. */
export function golden(name) {
  const folder = process.env.GOLDEN_DIR ?? fileURLToPath(new URL("../golden", import.meta.url));
  const path = join(folder, name);
  if (!existsSync(path)) throw new Error(`${path} is missing; the folder has ${readdirSync(folder).join(", ")}`);
  const file = JSON.parse(readFileSync(path, "utf8"));
  if (!file.cases?.length) throw new Error(`${path} has no cases`);
  return file;
}

/** Starts the worker and its other threads as the page does, from `blob:` modules with the page's policy. */
export async function openWorker(page, threads = 2) {
  // A panic or a lost device answers no question, but is said on the console.
  const trouble = new Promise((_, reject) =>
    page.on("console", (message) => message.type() === "error" && reject(new Error(`the worker says: ${message.text()}`))),
  );
  trouble.catch(() => {});
  await page.goto("help/");
  await page.evaluate(async (threads) => {
    const url = (file) => new URL(file, document.baseURI).href;
    const start = (name, code) => {
      const script = `import init, { share, compute } from ${JSON.stringify(url("worker.js"))};\n${code}`;
      return new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })), { type: "module", name });
    };
    const module_or_path = await WebAssembly.compileStreaming(fetch(url("worker_bg.wasm")));
    const worker = start("worker", `onmessage = async ({ data }) => { onmessage = null; await init(data); if (${threads} > 1) share(${threads}); };`);
    worker.postMessage({ module_or_path });
    const pool = (memory) => {
      for (let i = 1; i < threads; i++) {
        const thread = start("pool", "onmessage = async ({ data }) => { await init(data); compute(); };");
        thread.onerror = (event) => fail(`a thread failed: ${event.message}`);
        thread.postMessage({ module_or_path, memory });
      }
    };
    const waiting = new Map();
    let next = 0;
    let broken;
    const fail = (message) => {
      broken = new Error(message);
      for (const { reject } of waiting.values()) reject(broken);
    };
    worker.onerror = (event) => fail(`the worker failed: ${event.message}`);
    const ready = new Promise((resolve) => {
      worker.onmessage = ({ data }) => {
        if (data?.memory) return pool(data.memory);
        if (typeof data?.check !== "string") return resolve(); // "ready", and what else it tells the page
        const { id, result, error } = JSON.parse(data.check);
        if (id === undefined) return fail(error);
        const { resolve: done, reject } = waiting.get(id);
        waiting.delete(id);
        error === undefined ? done(result) : reject(new Error(error));
      };
    });
    window.askWorker = (question) => {
      if (broken) throw broken;
      const id = next++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker.postMessage({ check: JSON.stringify({ id, ...question }) });
      });
    };
    await ready;
  }, threads);
  return (device, kind, details) =>
    Promise.race([trouble, page.evaluate((question) => window.askWorker(question), { device, case: { [kind]: details } })]);
}

export const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The greatest difference of two lists of equal length; what is no number (NaN is null in JSON) counts as infinite. */
export function furthest(got, want) {
  if (got.length !== want.length) throw new Error(`${got.length} values where ${want.length} are expected`);
  return got.reduce((most, value, i) => {
    const off = typeof value === "number" ? Math.abs(value - want[i]) : NaN;
    return Number.isNaN(off) ? Infinity : Math.max(most, off);
  }, 0);
}
