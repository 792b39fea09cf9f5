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

/** Starts the worker as the page does, from a `blob:` module with the page's policy. */
export async function openWorker(page) {
  // A panic or a lost device answers no question, but is said on the console.
  const trouble = new Promise((_, reject) =>
    page.on("console", (message) => message.type() === "error" && reject(new Error(`the worker says: ${message.text()}`))),
  );
  trouble.catch(() => {});
  await page.goto("help/");
  await page.evaluate(async () => {
    const url = (file) => new URL(file, document.baseURI).href;
    const code = `import init from ${JSON.stringify(url("worker.js"))};
      await init({ module_or_path: ${JSON.stringify(url("worker_bg.wasm"))} });`;
    const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" });
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
  });
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
