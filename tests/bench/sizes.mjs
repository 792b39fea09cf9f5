// Bytes of the two wasm files as a host ships them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

/** Bytes with brotli, as `cargo xtask test` holds them too. */
const targets = { page: 400_000, worker: 4_000_000 };

export function sizes(dist) {
  return readdirSync(dist)
    .filter((name) => name.endsWith(".wasm"))
    .map((name) => {
      const bytes = readFileSync(join(dist, name));
      const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      const of = name.startsWith("worker") ? "worker" : "page";
      return { of, raw: bytes.length, brotli: brotliCompressSync(bytes, { params }).length, target: targets[of] };
    });
}
