// Another library in a browser of its own, with the same face as ours.mjs.
import { cpus } from "node:os";
import { DEADLINE } from "./arguments.mjs";
import { open } from "./browser.mjs";
import { within } from "./report.mjs";

export async function peer(name, origin, setting, device) {
  const { browser, version, cpu, close } = await open();
  try {
    const page = await browser.newPage();
    await page.goto(`${origin}/bench/`);
    const make = async ([name, setting, device]) => {
      const { open } = await import(`/bench/peers/${name}.mjs`);
      globalThis.step = await open(setting, device);
    };
    await within(DEADLINE, `${name}: opening`, page.evaluate(make, [name, setting, device]));
    return {
      name,
      threads: cpus().length,
      browser: version,
      /** { ms: [], losses: [], memory, cpu_ms } */
      async steps(count) {
        const before = cpu();
        const timed = page.evaluate(async (count) => {
          const ms = [];
          const losses = [];
          for (let i = 0; i < count; i++) {
            const start = performance.now();
            losses.push(await globalThis.step());
            ms.push(performance.now() - start);
          }
          return { ms, losses, memory: globalThis.step.memory?.() };
        }, count);
        const result = await within(DEADLINE, `${name}: ${count} steps`, timed);
        return { ...result, cpu_ms: before === null ? null : cpu() - before };
      },
      /** What else the module's step can do. */
      call(what, given) {
        const asked = page.evaluate(([what, given]) => globalThis.step[what](given), [what, given]);
        return within(DEADLINE, `${name}: ${what}`, asked);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
