// Contestants that compute in turns (ours, jax, ours full, tfjs, …), so that a machine that gets busy is busy for all of them; and their ratios.
import { loadavg } from "node:os";
import { mean, median, round, say, write } from "./report.mjs";

/** Rounds of `each` steps of everybody. Who fails is told of and takes no more turns; `fails` is asked to tell. */
export async function takeTurns(contestants, { rounds, each }, fails) {
  for (const one of contestants) one.rounds = [];
  for (let round = 0; round < rounds && !contestants.every((one) => one.broken); round++) {
    say(`round ${round + 1} of ${rounds}, load ${loadavg()[0].toFixed(1)}`);
    // Every other round backwards: a load that rises or falls meets nobody always first.
    for (const one of round % 2 ? contestants.toReversed() : contestants) {
      if (one.broken) continue;
      try {
        const { ms, cpu_ms, ...rest } = await one.steps(each);
        one.rounds.push({ ms, cpu: cpu_ms });
        one.stepped?.(rest);
      } catch (error) {
        one.broken = true;
        fails(one.name, error);
      }
    }
  }
}

/** All wall times of a contestant, and its CPU time a step over all rounds (the system counts in ticks, a few of which are one step). */
export const wall = (one) => one.rounds.flatMap(({ ms }) => ms);
export function cpuTime(one) {
  const all = one.rounds.map(({ cpu }) => cpu);
  return all.includes(null) ? null : all.reduce((sum, cpu) => sum + cpu, 0) / wall(one).length;
}

/** Load of the machine before the bench began, above which a time says nothing. */
const QUIET = 0.3;
const load_before = loadavg()[0];

/** The value at the lower quarter. */
const quarter = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 4)];

/**
 * The line of `a` over `b`, in wall time, which is what a person waits for: of the best steps, of those at the lower quarter, and the median of the
 * rounds' ratios, as the two stepped one after the other in each. CPU time stands beside them. `target` has the greatest `median`, and `best` where
 * that counts too. A machine that was busy before the bench began gives no verdict but "busy", which is no pass.
 */
export function writeRatio(at, a, b, target) {
  const cpus = [cpuTime(a), cpuTime(b)];
  const found = {
    best: Math.min(...wall(a)) / Math.min(...wall(b)),
    quarter: quarter(wall(a)) / quarter(wall(b)),
    median: median(a.rounds.map((own, i) => mean(own.ms) / mean(b.rounds[i].ms))),
    cpu: cpus.includes(null) ? null : cpus[0] / cpus[1],
  };
  const busy = load_before >= QUIET;
  const within = () => Object.entries(target).every(([key, most]) => found[key] <= most);
  const verdict = target === undefined ? {} : { target, busy, pass: !busy && within() };
  const shown = Object.fromEntries(Object.entries(found).map(([key, ratio]) => [key, ratio === null ? null : round(ratio, 3)]));
  write("ratio", { ...at, threads: [a.threads, b.threads], ...shown, ...verdict, load_before: round(load_before), load_average: round(loadavg()[0]) });
}

/** The line of a contestant that is not to be had: what it should be compared with has not passed. */
export function writeMissing(at, name, why) {
  write("ratio", { ...at, missing: name, why, pass: false });
}
