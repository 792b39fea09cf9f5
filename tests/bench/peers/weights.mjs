// The weights and the input that every library starts from: the JavaScript twin of src/learn/bench/inputs.rs.

/** `count` numbers in [0, 1): mulberry32, counted by position. */
export function mulberry(seed, count) {
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const s = (seed + Math.imul(i + 1, 0x6d2b79f5)) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    out[i] = ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  return out;
}

/**
 * The network as data: `matrices` maps names to { shape, values }, convolutions as [out, in, side, side] and linear layers as [out, in], each
 * Kaiming-uniform from a seed of its own; `blocks` lists the residual blocks. Names: stem, 0a 0b 0s (first, second, shortcut), …, hidden, out.
 */
export function network({ widths, blocks: perStage, hidden, out }) {
  const matrices = new Map();
  let seed = 1000;
  const add = (name, ...shape) => {
    const fanIn = shape.slice(1).reduce((a, b) => a * b);
    const bound = Math.sqrt(6 / fanIn);
    const values = mulberry(++seed, shape[0] * fanIn).map((v) => Math.fround(v * 2 - 1) * bound);
    matrices.set(name, { shape, values });
  };
  add("stem", widths[0], 3, 3, 3);
  const blocks = [];
  let input = widths[0];
  for (const [stage, width] of widths.entries()) {
    for (let i = 0; i < perStage; i++) {
      const name = String(blocks.length);
      const stride = stage > 0 && i === 0 ? 2 : 1;
      const shortcut = stride !== 1 || input !== width;
      add(`${name}a`, width, input, 3, 3);
      add(`${name}b`, width, width, 3, 3);
      if (shortcut) add(`${name}s`, width, input, 1, 1);
      blocks.push({ name, stride, shortcut });
      input = width;
    }
  }
  add("hidden", hidden, input);
  add("out", out, hidden);
  return { matrices, blocks };
}

/** The fixed views as [views, 32, 32, 3], channels last: both libraries are faster so. */
export function views(count) {
  const planar = mulberry(7, count * 3 * 1024);
  const out = new Float32Array(planar.length);
  for (let v = 0; v < count; v++)
    for (let c = 0; c < 3; c++) for (let p = 0; p < 1024; p++) out[(v * 1024 + p) * 3 + c] = planar[(v * 3 + c) * 1024 + p];
  return out;
}

/** Of the compared step. */
export const rule = { rate: 0.05, momentum: 0.9, temperature: 0.5 };
