// Another library in a browser of its own, with the same face as ours.mjs.
import { open } from "./browser.mjs";

export async function peer(name, origin, setting, device) {
  const { browser, version, cpu, close } = await open();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(`${origin}/bench/`);
    const make = async ([name, setting, device]) => {
      const { open } = await import(`/bench/peers/${name}.mjs`);
      globalThis.step = await open(setting, device);
    };
    await page.evaluate(make, [name, setting, device]);
    return {
      name,
      browser: version,
      /** { ms: [], losses: [], cpu_ms } */
      async steps(count) {
        const before = cpu();
        const result = await page.evaluate(async (count) => {
          const ms = [];
          const losses = [];
          for (let i = 0; i < count; i++) {
            const start = performance.now();
            losses.push(await globalThis.step());
            ms.push(performance.now() - start);
          }
          return { ms, losses };
        }, count);
        return { ...result, cpu_ms: before === null ? null : cpu() - before };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
