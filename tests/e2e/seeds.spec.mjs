// Runs of equal settings with several seeds: queued at once, one row of the table, one band in the charts, compared by their seeds.
import { readFile } from "node:fs/promises";
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { go, load, quick } from "./person.mjs";
import { stripesZip, button, table, rows, queue } from "./runs.mjs";
import { unzip } from "./unzip.mjs";

test.setTimeout(300_000);

test("settings are repeated with several seeds: how many runs that is, and too many, is said before they are queued", async ({ page }) => {
  await load(page, stripesZip());
  await quick(page, 1);
  const repeat = page.getByRole("region", { name: "Several seeds" });
  await expect(repeat).toContainText("These settings with the seeds 0 to 2, one run each.");
  await repeat.getByLabel("Repeat with").selectOption("2 seeds");
  await expect(repeat).toContainText("These settings with the seeds 0 to 1, one run each.");
  await expectAccessible(page);
  await repeat.getByRole("button", { name: "Add 2 runs to the queue" }).click();
  await repeat.getByRole("link", { name: "Queue" }).click();
  await expect(queue(page).getByRole("listitem")).toHaveText([/^Seed 0/, /^Seed 1/]);

  const sweep = page.getByRole("region", { name: "Try several values" });
  await sweep.getByLabel("Repeat with").selectOption("3 seeds");
  await expect(button(page, "Add 6 runs to the queue")).toBeEnabled();
  await expect(sweep.getByText("Temperature τ 0.5, Seed 2")).toBeVisible();
  await sweep.getByLabel("Values, with commas between").fill("0.1, 0.2, 0.3, 0.4, 0.5, 0.6");
  await sweep.getByLabel("Repeat with").selectOption("20 seeds");
  await expect(sweep).toContainText("That would be 120 runs; 100 are the most.");
  await expect(button(page, "Add 0 runs to the queue")).toBeDisabled();
});

test("runs that differ in the seed only are one row with mean and deviation, one band, and are compared seed by seed", async ({ page }) => {
  await load(page, stripesZip());
  await quick(page, 1);
  await go(page, "Runs");
  const sweep = page.getByRole("region", { name: "Try several values" });
  await sweep.getByLabel("Repeat with").selectOption("2 seeds");
  await button(page, "Add 4 runs to the queue").click();
  await button(page, "Start queue").click();
  await expect(queue(page)).toContainText("4 of 4 over", { timeout: 120_000 });

  await expect(rows(page)).toHaveCount(2);
  for (const row of await rows(page).all()) {
    await expect(row).toContainText("2 of 2 finished");
    await expect(row.getByText(/^\d+\.\d % ± \d+\.\d % \(n = 2\)$/)).toHaveCount(4);
  }
  await expect(table(page).getByText("best on validation")).toHaveCount(1);
  const unfold = rows(page).first().getByRole("button", { name: /^Its runs/ });
  await unfold.click();
  await expect(unfold).toHaveAttribute("aria-expanded", "true");
  await expect(rows(page)).toHaveCount(4);
  await expect(table(page).getByText("test set used once")).toHaveCount(2);
  await unfold.click();
  await expect(rows(page)).toHaveCount(2);
  const together = page.getByLabel("One row for runs that differ in the seed only");
  await together.uncheck();
  await expect(rows(page)).toHaveCount(4);
  await together.check();

  for (const row of await rows(page).all()) await row.getByRole("checkbox").check();
  const loss = page.getByRole("figure").filter({ hasText: "NT-Xent loss" });
  await expect(loss.getByRole("listitem")).toHaveCount(2);
  await expect(loss.getByRole("listitem").filter({ hasText: "Temperature τ 0.1, 2 seeds" })).toHaveCount(1);
  await expect(loss.locator("path.band")).toHaveCount(2);
  await loss.locator("summary").click();
  await expect(loss.getByRole("cell").first()).toHaveText(/^\d+\.\d{4} ± \d+\.\d{4}$/);
  await expect(page.getByRole("heading", { name: "Which is better on test images" })).toBeVisible();
  await expect(page.getByText(/^Temperature τ 0\.\d, 2 seeds: .*(over|on each of) 2 seeds/)).toBeVisible();
  await expectAccessible(page);

  const waiting = page.waitForEvent("download");
  await button(page, "Download the table (CSV)").click();
  const [head, ...lines] = (await readFile(await (await waiting).path(), "utf8")).trim().split("\r\n");
  const at = (name) => head.split(",").indexOf(name);
  expect(lines.length).toBe(4);
  for (const line of lines) expect(line.split(",")[at("test_accuracy_n")]).toBe("2");
  expect(new Set(lines.map((line) => line.split(",")[at("group")])).size).toBe(2);

  // The archive of one of them has its group.
  await go(page, "Evaluate");
  const exported = page.waitForEvent("download");
  await button(page, "Export the run (zip)").click();
  const ofGroup = unzip(await readFile(await (await exported).path()))["seeds.csv"].toString();
  expect(ofGroup.trim().split("\r\n").length).toBe(3);
});
