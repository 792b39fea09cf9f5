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

/**
 * The line of `a` over `b`. Wall time decides on a quiet machine: the median of the rounds' ratios, as the two stepped one after the other in
 * each. On a busy one CPU time does, which does not count the waiting. A target is missed where both miss it; the reader has the load.
 */
export function writeRatio(at, a, b, target) {
  const of_rounds = a.rounds.map((own, i) => mean(own.ms) / mean(b.rounds[i].ms));
  const cpus = [cpuTime(a), cpuTime(b)];
  const found = { wall: median(of_rounds), wall_min: Math.min(...wall(a)) / Math.min(...wall(b)), cpu: cpus.includes(null) ? null : cpus[0] / cpus[1] };
  const judge = (ratio) => (ratio === null ? null : ratio <= target);
  const [pass_wall, pass_cpu] = [judge(found.wall), judge(found.cpu)];
  const verdict = target === undefined ? {} : { target, pass_wall, pass_cpu, pass: pass_wall || pass_cpu === true };
  const shown = Object.fromEntries(Object.entries(found).map(([key, ratio]) => [key, ratio === null ? null : round(ratio, 3)]));
  write("ratio", { ...at, ...shown, ...verdict, load_average: round(loadavg()[0]) });
}
