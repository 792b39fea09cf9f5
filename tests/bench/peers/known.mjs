// The numbers of a case of tests/golden/encoders.json: the JavaScript twin of src/learn/check/networks.rs.

/** `count` numbers in [0, 1) keyed by name: SplitMix64 in halves of 32 bits. */
export function unit(name, salt, count) {
  let start = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name)) start = BigInt.asUintN(64, (start ^ BigInt(byte)) * 0x100000001b3n);
  start = BigInt.asUintN(64, start + BigInt(salt) + 0x9e3779b97f4a7c15n);
  const [high, low] = [Number(start >> 32n), Number(start & 0xffffffffn)];
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const sum = low + i;
    let l = sum >>> 0;
    let h = (high + (sum > 0xffffffff ? 1 : 0)) >>> 0;
    l ^= (l >>> 30) | (h << 2);
    h ^= h >>> 30;
    h = (upper(l >>> 0, 0x1ce4e5b9) + Math.imul(h, 0x1ce4e5b9) + Math.imul(l, 0xbf58476d)) | 0;
    l = Math.imul(l, 0x1ce4e5b9);
    l ^= (l >>> 27) | (h << 5);
    h ^= h >>> 27;
    h = (upper(l >>> 0, 0x133111eb) + Math.imul(h, 0x133111eb) + Math.imul(l, 0x94d049bb)) | 0;
    h ^= h >>> 31;
    out[i] = (h >>> 8) / 16777216;
  }
  return out;
}

/** The upper half of the product of two numbers below 2³². */
function upper(a, b) {
  const [a1, a0, b1, b0] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  return a1 * b1 + (middle >>> 16) + (other >>> 16);
}

/** Values of a tensor, by the last part of its name. */
export function fill(name, shape, { salt, gain }) {
  const count = shape.reduce((a, b) => a * b);
  const scale = Math.sqrt((gain * shape[0]) / count);
  const kind = name.slice(name.lastIndexOf(".") + 1);
  const rule =
    kind === "running_var" ? (u) => 0.5 + u
    : kind === "running_mean" || kind === "bias" ? (u) => 0.2 * (u - 0.5)
    : shape.length === 1 ? (u) => 0.75 + 0.5 * u
    : (u) => (2 * u - 1) * scale;
  return unit(name, salt, count).map(rule);
}
