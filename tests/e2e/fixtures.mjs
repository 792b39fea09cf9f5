// What every browser test stands on: import { test, expect } from here.
import { test as base, expect } from "@playwright/test";
import AxeBuilder from "@axe-core/playwright";
import { readFileSync } from "node:fs";

/** Every route of the page, as `src/app/routes.rs` lists them: "", "data/", … below /x/. */
const table = readFileSync(new URL("../../src/app/routes.rs", import.meta.url), "utf8");
export const routes = [...table.matchAll(/^ +route\(\s*"([^"]+)"/gm)]
  .map((row) => row[1])
  .map((route) => (route === "/" ? "" : `${route.slice(1)}/`));
if (routes.length !== Number(table.match(/ROUTES: \[Route; (\d+)\]/)?.[1])) {
  throw new Error(`tests/e2e/fixtures.mjs finds ${routes.length} routes in src/app/routes.rs, whose table says another number`);
}

export const test = base.extend({
  /** Console errors that a test provokes on purpose: test.use({ expectedErrors: [/Content Security Policy/] }). */
  expectedErrors: [[], { option: true }],

  /** Every request of the page and its workers, in order: { url, method }. `blob:` and `data:` never leave the page and are not listed. */
  requests: async ({ page }, use) => {
    const seen = [];
    page.context().on("request", (request) => {
      if (/^(https?|wss?):/.test(request.url())) seen.push({ url: request.url(), method: request.method() });
    });
    await use(seen);
  },

  /** Fails the test on any console error, uncaught error or failed request for one of the page's own files. */
  faults: [
    async ({ page, expectedErrors }, use, testInfo) => {
      const faults = [];
      const note = (text) => {
        if (!expectedErrors.some((pattern) => pattern.test(text))) faults.push(text);
      };
      page.on("console", (message) => {
        if (message.type() === "error") note(`console: ${message.text()}`);
      });
      page.on("pageerror", (error) => note(`uncaught: ${error.message}`));
      page.on("response", (response) => {
        if (response.status() >= 400) note(`${response.status()}: ${response.url()}`);
      });
      page.on("crash", () => note("the page crashed"));
      await use(faults);
      // A test that failed already has its own message.
      if (testInfo.status === testInfo.expectedStatus) expect(faults, "errors in the browser").toEqual([]);
    },
    { auto: true },
  ],
});

/** axe finds nothing on the page as it stands, in the words a person needs to mend it. */
export async function expectAccessible(page) {
  // A colour half-way between two is nobody's to judge: what changes has to have changed. One that is cut off rejects.
  // On a machine that is short of time one has been seen that never ended: nothing takes longer than a second here.
  await page.evaluate(() => {
    const transitions = document.getAnimations().filter((one) => one instanceof CSSTransition);
    return Promise.race([Promise.allSettled(transitions.map((one) => one.finished)), new Promise((done) => setTimeout(done, 2_000))]);
  });
  // Without preload, which would fetch every style sheet again and spoil the list of requests.
  // What passes is not described node by node, which takes axe longer than to look.
  const { violations } = await new AxeBuilder({ page }).options({ preload: false, resultTypes: ["violations"] }).analyze();
  const found = violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")}`));
  expect(found, "accessibility").toEqual([]);
}

/** Layout goes by the width, contrast by the colours: two looks see both of each. */
const looks = [
  [1280, "light"],
  [360, "dark"],
];

/** The same wide and light, narrow and dark; and nothing has to be scrolled sideways. Leaves the page as it was. `name` is for the pictures. */
export async function expectAccessibleEverywhere(page, name) {
  const before = page.viewportSize();
  for (const [width, colorScheme] of looks) {
    await page.setViewportSize({ width, height: before.height });
    await page.emulateMedia({ colorScheme });
    await test.step(`${width} pixels, ${colorScheme}`, () => expectAccessible(page));
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wider, `pixels beyond a window of ${width}`).toBe(0);
    // To be looked at: SHOTS=folder names where the pictures of all states go.
    const path = `${process.env.SHOTS}/${name} ${width} ${colorScheme}.png`;
    if (process.env.SHOTS && name) await page.screenshot({ path, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(before);
}

/** The address of another origin whose server answers everybody: only the page's policy can stop a request to it. */
export function otherOrigin() {
  return `http://localhost:${process.env.E2E_PORT}/open`;
}

export { expect };
