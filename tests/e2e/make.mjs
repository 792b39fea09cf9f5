// Files for the tests to choose, made in memory: PNG images and zip archives.
import { writeFileSync } from "node:fs";
import { deflateRawSync, deflateSync } from "node:zlib";
import { test } from "@playwright/test";

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const u32 = (...values) => Buffer.concat(values.map((v) => Buffer.from([v >>> 24, v >>> 16, v >>> 8, v])));
const le = (bytes, value) => Buffer.from(Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 255));

/** A PNG of `side` pixels whose colour at (x, y) is `paint(x, y)`, three numbers from 0 to 255. */
export function png(side, paint) {
  const rows = Buffer.alloc(side * (1 + 3 * side));
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) rows.set(paint(x, y), y * (1 + 3 * side) + 1 + 3 * x);
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    return Buffer.concat([u32(data.length), body, u32(crc32(body))]);
  };
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk("IHDR", Buffer.concat([u32(side, side), Buffer.from([8, 2, 0, 0, 0])])),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** A PNG that says it has `side` × `side` pixels and holds none. */
export function hugePng(side) {
  const small = png(1, () => [0, 0, 0]);
  const header = Buffer.concat([Buffer.from("IHDR"), u32(side, side), Buffer.from([8, 2, 0, 0, 0])]);
  return Buffer.concat([small.subarray(0, 12), header, u32(crc32(header)), small.subarray(33)]);
}

/** What `zip` packs: contents of `size` zero bytes. */
export const zeros = (size) => ({ packed: deflateRawSync(Buffer.alloc(size), { level: 9 }), size, crc: crc32(Buffer.alloc(size)) });

/** A zip archive that stores `files`, an object of paths and contents, without packing them; what `zeros` made is packed. */
export function zip(files) {
  const parts = [];
  const index = [];
  let at = 0;
  for (const [path, content] of Object.entries(files)) {
    const name = Buffer.from(path);
    const data = content.packed ?? content;
    const [method, size, crc] = content.packed ? [8, content.size, content.crc] : [0, data.length, crc32(data)];
    const common = Buffer.concat([le(2, 20), le(2, 0x800), le(2, method), le(4, 0x5a210000), le(4, crc), le(4, data.length), le(4, size), le(2, name.length), le(2, 0)]);
    const local = Buffer.concat([le(4, 0x04034b50), common, name, data]);
    index.push(Buffer.concat([le(4, 0x02014b50), le(2, 20), common, le(2, 0), le(2, 0), le(2, 0), le(4, 0), le(4, at), name]));
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(index);
  const end = Buffer.concat([le(4, 0x06054b50), le(4, 0), le(2, index.length), le(2, index.length), le(4, central.length), le(4, at), le(2, 0)]);
  return Buffer.concat([...parts, central, end]);
}

/** Stripes across or along, of random period, place and colours: two classes that a crop or a mirror leaves as they are. */
export function stripes(seed, along, side = 20) {
  let state = seed * 2654435761 + 1;
  const random = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32);
  const [period, shift] = [3 + 3 * random(), 6 * random()];
  const [a, b] = [0, 1].map(() => [0, 1, 2].map(() => Math.floor(256 * random())));
  return png(side, (x, y) => (Math.floor(((along ? x : y) + shift) / period) % 2 ? a : b));
}

/** Class folders `across/` and `along/` of `count` images each, as the entries of a zip. */
export function stripeFolders(count, top = "set/") {
  const files = {};
  for (let i = 0; i < count; i++) {
    files[`${top}across/${i}.png`] = stripes(2 * i + 1, false);
    files[`${top}along/${i}.png`] = stripes(2 * i + 2, true);
  }
  return files;
}

/** A batch of CIFAR-10: a record of 32 × 32 pixels for each label, each of its own grey from `grey` on. */
export const cifarBatch = (labels, grey) => Buffer.concat(labels.map((label, i) => Buffer.concat([Buffer.from([label]), Buffer.alloc(3072, grey + 10 * i)])));

/** The first bytes of a photo in a container of ISO media: "heic" or "avif". */
export const isoPhoto = (brand) => Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from(`ftyp${brand}`), Buffer.alloc(4), Buffer.from(`mif1${brand}`)]);

/** JPEG files of `side` pixels, encoded by the browser: one for each of `colours`, in words of CSS. */
export async function jpegs(page, colours, side = 24) {
  const urls = await page.evaluate(
    ([colours, side]) =>
      colours.map((colour) => {
        const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
        const context = canvas.getContext("2d");
        context.fillStyle = colour;
        context.fillRect(0, 0, side, side);
        return canvas.toDataURL("image/jpeg");
      }),
    [colours, side],
  );
  return urls.map((url) => Buffer.from(url.slice(url.indexOf(",") + 1), "base64"));
}

/** What a file chooser takes. */
export const file = (name, buffer) => ({ name, mimeType: "application/octet-stream", buffer });

/** The same for large files: a path, so that tens of MB do not pass through the browser's protocol. */
export function fileOnDisk(name, buffer) {
  const path = test.info().outputPath(name);
  writeFileSync(path, buffer);
  return path;
}

/** A safetensors file of tensors [name, shape] in bfloat16, as a network that keeps what goes through it finite: small weights, normalisation that does nothing. */
export function safetensors(tensors) {
  const header = {};
  const parts = [];
  let at = 0;
  let state = 1;
  for (const [name, shape] of tensors) {
    const count = shape.reduce((product, n) => product * n, 1);
    const bits = new Uint16Array(count);
    const scale = Math.sqrt(3 / shape.slice(1).reduce((product, n) => product * n, 1));
    const value = new Float32Array(1);
    const asBits = new Uint32Array(value.buffer);
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      if (shape.length > 1) value[0] = scale * (state / 2 ** 31 - 1);
      else value[0] = /\.(weight|running_var)$/.test(name) ? 1 : 0;
      bits[i] = asBits[0] >>> 16;
    }
    header[name] = { dtype: "BF16", shape, data_offsets: [at, at + 2 * count] };
    parts.push(Buffer.from(bits.buffer));
    at += 2 * count;
  }
  const json = Buffer.from(JSON.stringify(header));
  return Buffer.concat([le(4, json.length), le(4, 0), json, ...parts]);
}
