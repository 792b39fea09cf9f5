// A Hugging Face Hub on this machine: one port that answers as the Hub does, by a redirect, and one that holds the file.
import { createServer } from "node:http";
import { golden } from "./ask.mjs";

/** The published file has so many bytes: src/core/hub_addresses.rs. */
const LENGTH = 46_807_446;

/** A safetensors file of ResNet-18 with a classifier, all numbers 0, as long as the published one. */
function resnet18() {
  const { tensors } = golden("encoders.json").cases.find(({ name }) => name === "resnet18");
  const all = [...tensors, ["fc.bias", [1000]], ["fc.weight", [1000, 512]]].sort(([a], [b]) => (a < b ? -1 : 1));
  let at = 0;
  const header = {};
  for (const [name, shape] of all) {
    const end = at + 4 * shape.reduce((product, side) => product * side, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [at, end] };
    at = end;
  }
  const json = JSON.stringify(header).padEnd(LENGTH - 8 - at, " ");
  const file = Buffer.alloc(LENGTH);
  file.writeBigUInt64LE(BigInt(json.length));
  file.write(json, 8);
  return file;
}

/** Listens on any port; the server's address. */
const listen = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`)));

/**
 * What the content's host does: `ranges` false answers with the whole file, `file` is what it holds, `breaks` are bytes after which the next
 * long answers break (`cut`) or stand still (`stall`). `asked` are the ranges that it was asked for, `paths` what the Hub was.
 */
export async function startHub() {
  const hub = { file: resnet18(), ranges: true, breaks: [], asked: [], paths: [] };
  const open = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "*", "Access-Control-Allow-Headers": "Range" };
  const content = createServer((request, response) => {
    if (request.method === "OPTIONS") return response.writeHead(204, open).end();
    const { range } = request.headers;
    hub.asked.push(range);
    const [, first, last] = (hub.ranges && /^bytes=(\d+)-(\d+)$/.exec(range)) || [];
    const part = first ? hub.file.subarray(Number(first), Number(last) + 1) : hub.file;
    const told = { ...open, "Content-Length": part.length, ETag: '"one"' };
    if (first) told["Content-Range"] = `bytes ${first}-${Number(first) + part.length - 1}/${hub.file.length}`;
    response.writeHead(first ? 206 : 200, told);
    const [next] = hub.breaks;
    const most = next && (next.cut ?? next.stall);
    if (!next || part.length <= most) return response.end(part);
    hub.breaks.shift();
    return response.write(part.subarray(0, most), () => next.cut && setTimeout(() => response.destroy(), 50));
  });
  hub.content = await listen(content);
  const front = createServer((request, response) => {
    hub.paths.push(request.url);
    response.writeHead(302, { ...open, Location: `${hub.content}/blob` }).end();
  });
  hub.address = await listen(front);
  hub.close = () => [content, front].forEach((server) => server.close() && server.closeAllConnections());
  return hub;
}

/** Makes the page what a mirror's host would make of it: in its address and its policy stands another hub. */
export const useHub = (page, hub) =>
  page.route(/\/x\/([a-z-]+\/?)*(\?|$)/, async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    await route.fulfill({ response, body: text.replaceAll("https://huggingface.co", hub.address).replace("https://*.hf.co", hub.content) });
  });
