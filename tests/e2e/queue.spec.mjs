// Several runs one after the other: to the end by themselves, after a reload, and after the worker was killed.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { go, keepWorker, load, messages, pause, quick, stepCount } from "./person.mjs";
import { stripesZip, button, table, rows, queue } from "./runs.mjs";

test.setTimeout(300_000);

test("two values run to the end by themselves, less than a second apart, and the best is marked", async ({ page }) => {
  await load(page, stripesZip());
  await quick(page, 3);
  await go(page, "Runs");
  await expect(page.getByRole("list").getByText("Temperature τ 0.1")).toBeVisible();
  await expectAccessible(page);
  await button(page, "Add 2 runs to the queue").click();
  await expect(queue(page).getByRole("listitem")).toHaveCount(2);
  await expectAccessible(page);
  await queue(page).evaluate((section) => {
    window.times = [];
    new MutationObserver(() => {
      const states = [...section.querySelectorAll("li")].map((li) => li.textContent);
      const now = [states.filter((s) => /Done/.test(s)).length, states.filter((s) => /Under way/.test(s)).length].join();
      if (window.times.at(-1)?.now !== now) window.times.push({ now, at: performance.now() });
    }).observe(section, { childList: true, subtree: true, characterData: true });
  });
  await button(page, "Start queue").click();
  await expect(queue(page)).toContainText("2 of 2 over", { timeout: 120_000 });
  const times = await page.evaluate(() => window.times);
  const [ended, next] = ["1,0", "1,1"].map((now) => times.find((t) => t.now === now)?.at);
  expect(next - ended, "milliseconds between two runs").toBeLessThan(1_000);
  await expect(rows(page)).toHaveCount(2);
  for (const row of await rows(page).all()) await expect(row).toContainText("test set used once");
  await expect(table(page).getByText("best on validation")).toHaveCount(1);
});

test("a queue survives a reload: the run that was cut off goes on, then the rest", async ({ page }) => {
  page.on("dialog", (dialog) => dialog.accept());
  await load(page, stripesZip());
  await quick(page, 100);
  await go(page, "Runs");
  await page.getByRole("region", { name: "Storage" }).getByRole("button", { name: "Keep these images" }).click();
  await expect(page.getByText("Kept: stripes.zip (120)")).toBeVisible();
  await button(page, "Add 2 runs to the queue").click();
  await button(page, "Start queue").click();
  await expect(queue(page)).toContainText("Under way", { timeout: 60_000 });
  await go(page, "Pre-train");
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(5);
  const step = await pause(page);
  await go(page, "Runs");
  await expect(queue(page)).toContainText("Not running, 0 of 2 over");
  await go(page, "Pre-train");
  // Whoever resumes the run goes on with the queue.
  await button(page, "Resume").click();
  await expect.poll(() => stepCount(page)).toBeGreaterThan(step);
  await page.goto("");

  const card = page.getByRole("region", { name: "A queue of runs was not finished" });
  await expect(card).toContainText("2 runs are left");
  await expectAccessible(page);
  await card.getByRole("button", { name: "Continue" }).click();
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThanOrEqual(step);
  await go(page, "Runs");
  await expect(queue(page)).toContainText("2 of 2 over", { timeout: 120_000 });
  await expect(rows(page)).toHaveCount(2);
  await expect(table(page).getByText("best on validation")).toHaveCount(1);
  await go(page, "Home");
  await expect(card).toHaveCount(0);
});

test("a queue whose worker was killed is offered again without a look at its page", async ({ page }) => {
  await keepWorker(page);
  await page.clock.install();
  await load(page, stripesZip());
  await quick(page, 500);
  await go(page, "Runs");
  await button(page, "Add 2 runs to the queue").click();
  await button(page, "Start queue").click();
  await expect(queue(page)).toContainText("Under way", { timeout: 60_000 });
  await go(page, "Home");
  await page.evaluate(() => window.keptWorker.terminate());
  await page.clock.runFor(70_000);
  await messages(page).getByRole("button", { name: "Restart" }).click();
  await expect(page.getByRole("region", { name: "A queue of runs was not finished" })).toContainText("2 runs are left", { timeout: 60_000 });
});
