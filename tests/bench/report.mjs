// Lines of the bench, and the little arithmetic behind them.

export function say(text) {
  console.error(`==> ${text}`);
}

/** What missed its target, in the words of its line. */
export const missed = [];

/**
 * One measurement: JSON on a line of its own. `steps` are those of training that were timed; most lines outside of it have none. With
 * `pass: false` the bench ends as one that failed, and says why.
 */
export function write(measure, values) {
  console.log(JSON.stringify({ measure, steps: 0, ...values }));
  if (values.pass === false) missed.push({ measure, ...values });
}

/** `promise`, or an error after so many seconds: a page that hangs answers never. */
export async function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export const round = (value, digits = 2) => Number(value.toFixed(digits));
