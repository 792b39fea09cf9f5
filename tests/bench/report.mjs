// Lines of the bench, and the little arithmetic behind them.

export function say(text) {
  console.error(`==> ${text}`);
}

/** One measurement: JSON on a line of its own. */
export function write(measure, values) {
  console.log(JSON.stringify({ measure, ...values }));
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export const round = (value, digits = 2) => Number(value.toFixed(digits));
