// Every page in every state that it can stand in, wide and narrow, light and dark: axe finds nothing, nothing runs off the side.
import { test, expect, expectAccessibleEverywhere, routes } from "./fixtures.mjs";
import { file, stripes, zip } from "./make.mjs";
import { evaluate, go, load, quick, start } from "./person.mjs";
import { alive, epoch, held, hold, holdAfter, notFinite, phase, release, say, standIn, step } from "./stand-in.mjs";

// axe looks at each state four times.
test.setTimeout(600_000);

/** Opens every fold of the page. */
async function unfold(page) {
  for (const summary of await page.getByRole("main").getByText(/^(Show as a table.*|Augmentation|Encoder and head|Optimiser and seed|Questions people ask here)$/).all()) {
    await summary.click();
  }
}

test("pages before there is anything, and the address of none", async ({ page, baseURL }) => {
  for (const route of routes) {
    await test.step(`/x/${route}`, async () => {
      await page.goto(route);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await expect(page.getByRole("region", { name: /training program/i })).toHaveCount(0, { timeout: 60_000 });
      if (route === "pretrain/") await unfold(page);
      await expectAccessibleEverywhere(page);
    });
  }
  // A static host may answer an address that it has no file for with a page of the same depth.
  await page.route(`${baseURL}nowhere/`, async (route) => route.fulfill({ response: await route.fetch({ url: `${baseURL}help/` }) }));
  await page.goto("nowhere/");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("There is no page here");
  await expectAccessibleEverywhere(page);
});

test("the training program on its way", async ({ page }) => {
  let go_on;
  const wait = new Promise((resolve) => (go_on = resolve));
  await page.route(/worker_bg\.wasm/, async (route) => {
    await wait;
    await route.continue();
  });
  await page.goto("data/");
  await page.getByLabel("Image size").selectOption("16");
  await page.getByRole("button", { name: "Load the sample set" }).click();
  const bar = page.getByRole("region", { name: "Loading the training program" }).getByRole("progressbar");
  await expect(bar).toBeVisible();
  await expect(bar, "no byte yet").not.toHaveAttribute("value");
  await expect(page.getByRole("heading", { name: "Reading images" })).toBeVisible();
  await expectAccessibleEverywhere(page);
  go_on();
  await expect(page.getByRole("heading", { name: "What was loaded" })).toBeVisible({ timeout: 180_000 });
});
