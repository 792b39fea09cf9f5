// `cargo xtask bench`: one JSON line a measurement on standard output, what is going on on standard error.
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { plan, read, settings } from "./arguments.mjs";
import { compare } from "./compare.mjs";
import { cold, inputs, slowdown, target, target_ms } from "./lessons.mjs";
import { loadTimes, ours } from "./ours.mjs";
import { serve } from "./server.mjs";
import { sizes } from "./sizes.mjs";
import { mean, median, round, say, write } from "./report.mjs";

const asked = read(process.argv.slice(2));
const dist = asked.dist ?? fileURLToPath(new URL("../../dist", import.meta.url));
const server = await serve(dist);
let failed = 0;

/** One part of the bench; what goes wrong in it is a line too, and the rest goes on. */
async function part(name, run) {
  say(name);
  try {
    await run();
  } catch (error) {
    failed += 1;
    write("error", { in: name, error: String(error.message ?? error) });
  }
}

/** A measurement with a mark that it must reach. */
function judge(measure, values) {
  write(measure, values);
  if (!values.pass) failed += 1;
}

if (asked.only.includes("sizes")) {
  await part("sizes", async () => sizes(dist).forEach((size) => write("wasm_bytes", size)));
}
if (asked.only.includes("load")) {
  await part("load", async () => {
    const all = await loadTimes(server.origin, 5);
    write("load", { answers_ms: round(median(all.map((one) => one.answered))), first_paint_ms: round(median(all.map((one) => one.paint))), loads: all.length });
  });
}

if (asked.only.includes("lessons")) {
  for (const lesson of ["nt-xent", "lars"]) {
    await part(`lesson ${lesson}`, async () => {
      const all = [];
      for (let n = 0; n < 5; n++) all.push(await cold(server.origin, lesson));
      const [usable, { brotli }] = [median(all.map((one) => one.usable)), all[0]];
      judge("lesson", { lesson, usable_ms: round(usable), brotli, target, pass: usable <= target.usable_ms && brotli <= target.brotli });
    });
  }
  await part("lessons' input", async () => {
    for (const one of await inputs(server.origin, 30)) judge("lesson_input", { ...one, target_ms, pass: one.ms_max <= target_ms });
  });
  await part("lessons' input, slowed down", async () => {
    for (const one of await inputs(server.origin, 30, slowdown)) write("lesson_input_slow", { ...one, slowdown });
  });
}

const wants = (...topics) => topics.some((topic) => asked.only.includes(topic));
for (const device of wants("step", "parts", "memory") ? asked.devices : []) {
  for (const setting of asked.settings) await part(`${setting} on ${device}`, () => steps(device, setting));
}
if (asked.only.includes("peers")) {
  for (const device of asked.devices) {
    for (const setting of asked.settings) {
      await part(`${setting} on ${device}, beside other libraries`, async () => {
        const broken = await compare(server.origin, device, setting);
        failed += broken;
      });
    }
  }
}

server.close();
process.exitCode = failed === 0 ? 0 : 1;

/** Our own steps: whole, taken apart, and what memory they leave. */
async function steps(device, setting) {
  const us = await ours(server.origin);
  try {
    const { adapter, software } = await us.open(device, setting, "full");
    if (software && device === "webgpu" && setting === "r18") {
      write("skipped", { device, setting, why: `${adapter} emulates a GPU` });
      return;
    }
    const { warm, steps, late } = plan(device, setting, software);
    const at = { device, adapter, software, setting };
    if (wants("step", "memory")) {
      const load = loadavg()[0];
      const warmed = await us.steps(warm);
      const timed = await us.steps(steps);
      const typical = median(timed.ms);
      if (wants("step")) {
        write("worker_start", { ...us.worker, setting });
        write("step", {
          ...at,
          kind: "full",
          ms_median: round(typical),
          ms_min: round(Math.min(...timed.ms)),
          cpu_ms: timed.cpu_ms === null ? null : round(timed.cpu_ms / steps),
          images_per_second: round((settings[setting].images * 1000) / typical),
          first_ms: round(warmed.ms[0]),
          steps,
          warm_up: warm,
          loss: timed.losses.at(-1),
          load_average: round(load),
          browser: us.browser,
        });
      }
      if (wants("memory")) {
        const early = timed.memory;
        const end = late > 0 ? (await us.steps(late)).memory : early;
        const grown = (name) => (early[name] ? round(end[name] / early[name] - 1, 4) : null);
        const growth = { wasm: grown("wasm_bytes"), reserved: grown("reserved_bytes") };
        const flat = late > 0 ? Object.values(growth).every((part) => part === null || part <= 0.02) : null;
        write("memory", { ...at, early, late: end, early_at_step: warm + steps, late_at_step: warm + steps + late, growth, target: 0.02, pass: flat });
      }
    }
    if (wants("parts")) {
      // The steps above compiled the kernels, but not those of the reads between the parts.
      const parts = await us.parts(setting, 1, Math.min(steps, 8));
      const names = ["augmentation", "forward", "backward", "optimizer"];
      const middle = Object.fromEntries(names.map((name) => [`${name}_ms`, round(median(parts.map((one) => one[name])))]));
      write("parts", { ...at, ...middle, together_ms: round(mean(parts.map((one) => names.reduce((sum, name) => sum + one[name], 0)))), steps: parts.length, warm_up: 1 });
    }
  } finally {
    await us.close();
  }
}
