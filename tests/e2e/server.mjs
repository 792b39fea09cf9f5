// A plain file server. The built page lies under /x/; there is no fallback to index.html. `node server.mjs` with DIST and E2E_PORT set.
import { createServer } from "node:http";
import { createReadStream, statSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

/** They isolate the page from other origins, which threads need. */
export const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

function kind(path) {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/** Answers for the page in the folder `dist`, with these headers beside the type: a host may send none. */
export function answer(dist, headers, request, response) {
  const url = new URL(request.url, "http://host");
  // Another origin for the tests of the policy: open to everybody, so that only the policy can stop a request.
  if (url.pathname === "/open") {
    response.writeHead(200, { "Content-Type": "text/plain", "Access-Control-Allow-Origin": "*" }).end("reached");
    return;
  }
  const path = normalize(decodeURIComponent(url.pathname));
  if (!path.startsWith("/x/")) {
    response.writeHead(404).end("outside /x/");
    return;
  }
  let file = join(dist, path.slice("/x/".length));
  let found = kind(file);
  if (found?.isDirectory()) {
    if (!path.endsWith("/")) {
      response.writeHead(301, { Location: `${url.pathname}/${url.search}` }).end();
      return;
    }
    file = join(file, "index.html");
    found = kind(file);
  }
  if (!found?.isFile()) {
    response.writeHead(404).end("no such file");
    return;
  }
  response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream", "Content-Length": found.size, ...headers });
  if (request.method === "HEAD") response.end();
  else createReadStream(file).pipe(response);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dist = process.env.DIST;
  const port = Number(process.env.E2E_PORT);
  if (!dist || !port) throw new Error("set DIST to the built page's folder and E2E_PORT to a port");
  createServer((request, response) => answer(dist, isolation, request, response)).listen(port);
}
