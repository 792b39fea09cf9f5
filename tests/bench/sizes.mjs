// Bytes of the wasm files as a host ships them: of each page what its index.html names, and of the worker.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

/** Bytes with brotli, as `cargo xtask test` holds them too. */
const targets = { page: 400_000, worker: 4_000_000 };

export function sizes(dist) {
  const files = readdirSync(dist).filter((name) => name.endsWith(".wasm"));
  const bytes = new Map(files.map((name) => [name, measured(join(dist, name))]));
  const sum = (of, names, target) => ({
    of,
    ...Object.fromEntries(["raw", "brotli"].map((kind) => [kind, names.reduce((all, name) => all + bytes.get(name)[kind], 0)])),
    target,
  });
  const pages = readdirSync(dist, { recursive: true }).filter((name) => name.endsWith("index.html")).sort().map((page) => {
    const html = readFileSync(join(dist, page), "utf8");
    const route = dirname(page) === "." ? "/" : `/${dirname(page)}`;
    return sum(`page ${route}`, files.filter((name) => html.includes(`./${name}`)), targets.page);
  });
  return [...pages, sum("worker", files.filter((name) => name.startsWith("worker")), targets.worker)];
}

function measured(file) {
  const bytes = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return { raw: bytes.length, brotli: brotliCompressSync(bytes, { params }).length };
}
