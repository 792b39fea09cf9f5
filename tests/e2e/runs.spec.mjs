// Runs that are stored: listed, compared, gone on with after the page or the worker was killed, and what goes wrong around that.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { choose, go, inWorker, keepWorker, load, messages, pause, quick, start, stepCount, trained, training } from "./person.mjs";

test.setTimeout(300_000);
const stripesZip = () => file("stripes.zip", zip(stripeFolders(60)));
const button = (page, name) => page.getByRole("button", { name, exact: true });
const table = (page) => page.getByRole("table", { name: "Stored runs" });
const rows = (page) => table(page).getByRole("row").filter({ has: page.getByRole("checkbox") });
const queue = (page) => page.getByRole("region", { name: "Queue" });
const panel = (page) => page.locator("#run-panel");

async function short(page, epochs = 2) {
  await quick(page, epochs);
  await button(page, (await button(page, "Start").count()) ? "Start" : "Start again").click();
  await trained(page);
}

test("a finished run is listed with its settings; sorted, renamed, shared, begun anew, deleted", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await load(page, stripesZip());
  await go(page, "Runs");
  await expect(page.getByText("No run is stored yet")).toBeVisible();
  await expectAccessible(page);
  await short(page);
  await page.getByLabel("Temperature").fill("0.1");
  await page.locator("summary", { hasText: "Optimiser and seed" }).click();
  await page.getByRole("spinbutton", { name: "Seed" }).fill("17");
  await page.getByRole("spinbutton", { name: "Seed" }).blur();
  await button(page, "Start again").click();
  await expect(button(page, "Start again")).toHaveCount(0);
  await trained(page);
  await go(page, "Evaluate");
  await button(page, "Evaluate").click();
  await expect(page.getByRole("heading", { name: "Result" })).toBeVisible({ timeout: 60_000 });
  await go(page, "Runs");
  await expect(rows(page)).toHaveCount(2);
  await expect(table(page)).toContainText("best on validation");
  await expect(table(page)).toContainText("test set used once");
  await expect(rows(page).first()).toContainText("stripes.zip (120)");
  await expect(rows(page).first()).toContainText("Finished");

  // Only what differs has a column; missing values come last both ways.
  for (const name of ["Temperature τ", "Seed"]) await expect(table(page).getByRole("columnheader", { name })).toBeVisible();
  await expect(table(page).getByRole("columnheader", { name: "Batch size N" })).toHaveCount(0);
  const validation = table(page).getByRole("columnheader", { name: "Validation" });
  for (const order of ["descending", "ascending"]) {
    await validation.getByRole("button").click();
    await expect(validation).toHaveAttribute("aria-sort", order);
    await expect(rows(page).last()).not.toContainText("test set used");
  }
  const seed = table(page).getByRole("columnheader", { name: "Seed" });
  await seed.getByRole("button").click();
  await expect(rows(page).first()).toContainText("17");

  await rows(page).first().getByRole("button", { name: /^More/ }).click();
  await panel(page).getByLabel("Name").fill("my best");
  await panel(page).getByLabel("Notes").fill("x".repeat(10_001));
  await expect(panel(page).getByRole("alert").filter({ hasText: "Shorten them" })).toBeVisible();
  await panel(page).getByLabel("Notes").fill("warmer\nthan the other");
  await panel(page).getByRole("button", { name: "Save name" }).click();
  await expect(rows(page).first()).toContainText("my best");
  await expectAccessible(page);

  await panel(page).getByRole("button", { name: "Copy link" }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toContain("seed=17");
  const other = await context.newPage();
  await other.goto(link);
  await expect(other.getByText("Nothing runs before you press Start")).toBeVisible();
  await expect(other.getByRole("region", { name: "Run", exact: true })).toContainText("Not started");
  await other.locator("summary", { hasText: "Optimiser and seed" }).click();
  await expect(other.getByRole("spinbutton", { name: "Seed" })).toHaveValue("17");
  await other.close();

  await panel(page).getByRole("combobox", { name: /^Setting/ }).selectOption("batch");
  await panel(page).getByLabel("Value", { exact: true }).fill("1");
  await button(page, "Set it up").click();
  await expect(panel(page).getByRole("alert").filter({ hasText: "accepted: 2 to 4096" })).toBeVisible();
  await panel(page).getByLabel("Value", { exact: true }).fill("16");
  await button(page, "Set it up").click();
  await expect(page.getByRole("heading", { name: "Pre-train" })).toBeVisible();
  await expect(page.getByRole("spinbutton", { name: "Batch size N" })).toHaveValue("16");
  await page.locator("summary", { hasText: "Optimiser and seed" }).click();
  await expect(page.getByRole("spinbutton", { name: "Seed" })).toHaveValue("17");
  await expect(button(page, "Start again"), "not started").toBeVisible();

  await go(page, "Runs");
  await rows(page).filter({ hasText: "my best" }).getByRole("button", { name: /^More/ }).click();
  await panel(page).getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("dialog")).toContainText("Delete my best?");
  await expectAccessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "Keep" }).click();
  await expect(rows(page)).toHaveCount(2);
  await panel(page).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(rows(page)).toHaveCount(1);
  await expect(table(page)).not.toContainText("my best");

  // For a day it can be brought back, or deleted for good.
  const deleted = page.getByRole("region", { name: "Deleted in the last day" });
  await expect(deleted.getByRole("listitem")).toHaveCount(1);
  await expectAccessible(page);
  await deleted.getByRole("button", { name: "Undo: my best" }).click();
  await expect(rows(page)).toHaveCount(2);
  await expect(deleted).toHaveCount(0);
  await rows(page).filter({ hasText: "my best" }).getByRole("button", { name: /^More/ }).click();
  await expect(panel(page).getByLabel("Notes")).toHaveValue("warmer\nthan the other");
  await panel(page).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await deleted.getByRole("button", { name: "Delete for good: my best" }).click();
  await expect(page.getByRole("dialog")).toContainText("deleted for good");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(deleted).toHaveCount(0);
  await expect(rows(page)).toHaveCount(1);

  // The same with one value changed: into the queue, and at once. No press is lost while the list comes again.
  await rows(page).first().getByRole("button", { name: /^More/ }).click();
  await panel(page).getByLabel("Name").fill("the other");
  await panel(page).getByRole("combobox", { name: /^Setting/ }).selectOption("seed");
  await panel(page).getByRole("button", { name: "Save name" }).click();
  for (const seed of ["23", "31"]) {
    await panel(page).getByLabel("Value", { exact: true }).fill(seed);
    await button(page, "Add to the queue").click();
  }
  await expect(panel(page)).toContainText("Added to the queue below.");
  await expect(queue(page).getByRole("listitem")).toHaveCount(2);
  await expect(queue(page)).toContainText("Seed 23");
  await expect(queue(page)).toContainText("Seed 31");
  await panel(page).getByLabel("Value", { exact: true }).fill("29");
  await button(page, "Start it").click();
  await expect(page.getByRole("heading", { name: "Pre-train" })).toBeVisible();
  await trained(page);
  await go(page, "Runs");
  await expect(rows(page)).toHaveCount(2);
  await expect(table(page)).toContainText("29");

  const storage = page.getByRole("region", { name: "Storage" });
  await storage.getByRole("button", { name: "Keep these images" }).click();
  await expect(storage).toContainText("Kept: stripes.zip (120)");
  await storage.getByRole("button", { name: "Delete everything stored" }).click();
  await expect(page.getByRole("dialog")).toContainText("Your own files, downloads");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("No run is stored yet")).toBeVisible();
  await expect(queue(page)).toContainText("The queue is empty.");
  await expect(storage).not.toContainText("Kept: stripes.zip");
  await page.reload();
  await expect(page.getByText("No run is stored yet")).toBeVisible({ timeout: 60_000 });
});

test("the browser is asked once to keep what is stored, and its answer is told", async ({ page }) => {
  await page.addInitScript(() => {
    const asked = Number(localStorage.getItem("asked") ?? 0);
    StorageManager.prototype.persisted = async () => localStorage.getItem("promised") === "yes";
    StorageManager.prototype.persist = async () => (localStorage.setItem("asked", asked + 1), false);
  });
  const asked = () => page.evaluate(() => localStorage.getItem("asked"));
  const storage = page.getByRole("region", { name: "Storage" });
  await load(page, stripesZip());
  expect(await asked(), "nothing is stored yet").toBe(null);
  await short(page);
  await go(page, "Runs");
  await expect(storage).toContainText("The browser may delete this when room is short");
  await expect(storage).toContainText(/[\d.]+ \S+ of [\d.]+ \S+, room for [\d.]+ \S+/);
  await expectAccessible(page);
  const waiting = page.waitForEvent("download");
  await storage.getByRole("button", { name: "Export the run (zip)" }).click();
  expect((await waiting).suggestedFilename()).toMatch(/^simclr-.+\.zip$/);
  expect(await asked()).toBe("1");
  await page.reload();
  await expect(storage).toContainText("open one, and a button for it stands here", { timeout: 60_000 });
  await load(page, stripesZip());
  await short(page);
  expect(await asked(), "not in every visit").toBe("1");
  await page.evaluate(() => localStorage.setItem("promised", "yes"));
  await go(page, "Runs");
  await expect(storage).toContainText("The browser promises to keep this until you delete it.");
  await expect(button(page, "Export the run (zip)")).toHaveCount(0);
});

test("a run is copied with its notes, and the copy goes its own way; a deleted run comes back after a reload", async ({ page }) => {
  page.on("dialog", (dialog) => dialog.accept());
  await load(page, stripesZip());
  await go(page, "Runs");
  await button(page, "Keep these images in the browser").click();
  await expect(page.getByText("Kept: stripes.zip (120)")).toBeVisible();
  await training(page, 500);
  const step = await pause(page);
  await go(page, "Runs");
  await rows(page).first().getByRole("button", { name: /^More/ }).click();
  await panel(page).getByLabel("Name").fill("first");
  await panel(page).getByLabel("Notes").fill("a note\nof two lines");
  await panel(page).getByRole("button", { name: "Save name" }).click();
  await expect(rows(page).first()).toContainText("first");
  await panel(page).getByText("History", { exact: true }).click();
  await expect(panel(page).getByRole("listitem")).toHaveCount(2);
  await expect(panel(page)).toContainText("Paused at step");
  await expectAccessible(page);
  await button(page, "Duplicate").click();
  await expect(rows(page)).toHaveCount(2);

  await page.goto("runs/");
  const copy = rows(page).filter({ hasText: "first (copy)" });
  await copy.getByRole("button", { name: /^More/ }).click({ timeout: 60_000 });
  await expect(panel(page).getByLabel("Notes")).toHaveValue("a note\nof two lines");
  await panel(page).getByText("History", { exact: true }).click();
  await expect(panel(page)).toContainText("Copied from first");
  await panel(page).getByRole("button", { name: "Open", exact: true }).click();
  await expect(button(page, "Resume")).toBeVisible({ timeout: 60_000 });
  expect(await stepCount(page)).toBe(step);
  await button(page, "Resume").click();
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(step);
  const further = await pause(page);
  await go(page, "Runs");
  await expect(copy).toContainText(`Paused at step ${further}`);
  const first = rows(page).filter({ hasNotText: "(copy)" });
  await expect(first).toContainText(`Paused at step ${step}`);

  await first.getByRole("button", { name: /^More/ }).click();
  await panel(page).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(rows(page)).toHaveCount(1);
  await page.reload();
  await button(page, "Undo: first").click({ timeout: 60_000 });
  await first.getByRole("button", { name: /^Open/ }).click();
  await expect(button(page, "Resume")).toBeVisible({ timeout: 60_000 });
  expect(await stepCount(page)).toBe(step);
});

test("a run that another tab trains can neither be opened nor deleted, and both tabs keep their own", async ({ page, context }) => {
  await load(page, stripesZip());
  await training(page, 2000);
  await pause(page);
  await button(page, "Resume").click();

  const other = await context.newPage();
  await load(other, stripesZip());
  await short(other);
  await go(other, "Runs");
  await expect(rows(other)).toHaveCount(2, { timeout: 60_000 });
  const first = rows(other).filter({ hasText: /Paused|Cut off/ });
  await first.getByRole("button", { name: /^Open/ }).click();
  const said = other.getByText("Another tab of this site has this run open.");
  await expect(said).toBeVisible({ timeout: 30_000 });
  await expectAccessible(other);
  await button(other, "Try again").click();
  await expect(said).toHaveCount(0);
  await first.getByRole("button", { name: /^More/ }).click();
  await panel(other).getByRole("button", { name: "Delete" }).click();
  await other.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(said).toBeVisible();
  await expect(rows(other)).toHaveCount(2);

  const before = await stepCount(page);
  await expect.poll(() => stepCount(page)).toBeGreaterThan(before);
  await pause(page);
  await go(page, "Runs");
  await expect(rows(page)).toHaveCount(2);
});

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

test("a full quota is told with what to delete, and training goes on", async ({ page }) => {
  await inWorker(page, 'FileSystemSyncAccessHandle.prototype.write = () => { throw new DOMException("full", "QuotaExceededError"); };');
  await load(page, stripesZip());
  await training(page, 200);
  await button(page, "Pause").click();
  const said = page.getByText(/Not saved: There is no room .* Delete runs or kept images/);
  await expect(said).toBeVisible();
  await expect(button(page, "Resume")).toBeEnabled();
  await expectAccessible(page);
  await button(page, "Resume").click();
  await trained(page);
  await page.getByRole("link", { name: "Stored runs and images" }).click();
  await expect(page.getByRole("region", { name: "Storage" })).toBeVisible();
});

test("where the browser lets nothing be stored it is said, and training works", async ({ page }) => {
  await inWorker(page, 'StorageManager.prototype.getDirectory = async () => { throw new DOMException("not here", "SecurityError"); };');
  await page.goto("runs/");
  await expect(page.getByText("The browser does not let this site store anything (not here).")).toBeVisible({ timeout: 60_000 });
  await expectAccessible(page);
  await load(page, stripesZip());
  await short(page);
  await expect(page.getByText(/Not saved: The browser does not let this site store anything/)).toBeVisible();
});

/** Changes a byte in files of the only stored run: in all of them, or in the one written last (eight bytes from byte 12 count the writes). */
const damage = (page, names, newestOnly = false) =>
  page.evaluate(
    async ([names, newestOnly]) => {
      const top = await (await (await navigator.storage.getDirectory()).getDirectoryHandle("simclr-lab")).getDirectoryHandle("runs");
      let run;
      for await (const handle of top.values()) run = handle;
      const found = [];
      for (const name of names) {
        const handle = await run.getFileHandle(name).catch(() => null);
        if (handle) found.push({ handle, bytes: new Uint8Array(await (await handle.getFile()).arrayBuffer()) });
      }
      found.sort((a, b) => b.bytes[12] - a.bytes[12]);
      for (const { handle, bytes } of newestOnly ? found.slice(0, 1) : found) {
        bytes[Math.floor(bytes.length / 2)] ^= 255;
        const out = await handle.createWritable();
        await out.write(bytes);
        await out.close();
      }
    },
    [names, newestOnly],
  );

test("a damaged slot gives the checkpoint before; a damaged curve keeps no run from going on; two damaged records are told and can be deleted", async ({ page, context }) => {
  await load(page, stripesZip());
  await go(page, "Runs");
  await page.getByRole("button", { name: "Keep these images" }).click();
  await training(page, 500);
  const first = await pause(page);
  await button(page, "Resume").click();
  await expect.poll(() => stepCount(page)).toBeGreaterThan(first + 5);
  const second = await pause(page);
  await page.close();

  const tools = await context.newPage();
  await tools.goto("help/");
  await damage(tools, ["state.a", "state.b"], true);
  const again = await context.newPage();
  await again.goto("");
  await again.getByRole("button", { name: "Continue" }).click();
  await expect(button(again, "Resume")).toBeVisible({ timeout: 60_000 });
  expect(await stepCount(again), "the checkpoint before").toBeLessThan(second);
  expect(await stepCount(again)).toBeGreaterThanOrEqual(first);
  await again.close();

  // Without its curve the run goes on, and says so.
  await damage(tools, ["curve.a", "curve.b"]);
  const bare = await context.newPage();
  await bare.goto("");
  await bare.getByRole("button", { name: "Continue" }).click();
  await expect(button(bare, "Resume")).toBeVisible({ timeout: 60_000 });
  await expect(bare.getByText(/The curve of run .* cannot be read/)).toBeVisible();
  await bare.close();

  await damage(tools, ["record.a", "record.b"]);
  const last = await context.newPage();
  await last.goto("runs/");
  await expect(last.getByText(/What was stored of .* cannot be read/)).toBeVisible({ timeout: 60_000 });
  await expectAccessible(last);
  await last.getByRole("button", { name: /^Delete: Run/ }).click();
  await last.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(last.getByText("No run is stored yet")).toBeVisible();
  await expect(last.getByText(/cannot be read/)).toHaveCount(0);
});

/** Raises the schema in slots below a folder, as a newer program would write it, or damages them; what then lies there. */
const alter = (page, folder, how) =>
  page.evaluate(
    async ([folder, how]) => {
      const checksum = (bytes) => {
        let hash = 0xcbf29ce484222325n;
        const word = (value) => {
          hash = BigInt.asUintN(64, (hash ^ value) * 0x9e3779b97f4a7c15n);
          hash ^= hash >> 29n;
        };
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        word(BigInt(bytes.length));
        let at = 0;
        for (; at + 8 <= bytes.length; at += 8) word(view.getBigUint64(at, true));
        word(bytes.subarray(at).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n));
        word(0n);
        return hash;
      };
      const found = {};
      const walk = async (at, path) => {
        for await (const [name, handle] of at.entries()) {
          if (handle.kind === "directory") {
            await walk(handle, `${path}${name}/`);
            continue;
          }
          const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
          if (how && path.startsWith(folder.path) && folder.names.includes(name)) {
            if (how === "damage") bytes[bytes.length >> 1] ^= 255;
            else {
              const view = new DataView(bytes.buffer);
              view.setUint32(8, 99, true);
              view.setBigUint64(bytes.length - 8, checksum(bytes.subarray(0, -8)), true);
            }
            const out = await handle.createWritable();
            await out.write(bytes);
            await out.close();
          }
          if (!name.endsWith("lock")) found[path + name] = Array.from(bytes).join();
        }
      };
      await walk(await navigator.storage.getDirectory(), "");
      return found;
    },
    [folder, how],
  );

test("what a newer version stored is named and left alone; a damaged queue is cleared", async ({ page, context }) => {
  await load(page, stripesZip());
  await short(page, 1);
  await go(page, "Runs");
  await button(page, "Add 2 runs to the queue").click();
  await expect(queue(page).getByRole("listitem")).toHaveCount(2);
  await button(page, "Add 2 runs to the queue").click();
  await expect(queue(page).getByRole("listitem")).toHaveCount(4);
  await page.close();

  const tools = await context.newPage();
  await tools.goto("help/");
  await alter(tools, { path: "simclr-lab/runs/", names: ["record.a", "record.b"] }, "raise");
  const stored = await alter(tools, { path: "simclr-lab/", names: ["queue.a", "queue.b"] }, "raise");
  const newer = await context.newPage();
  await newer.goto("runs/");
  await expect(newer.getByText(/A newer version of this program has stored run .*settings and results/)).toBeVisible({ timeout: 60_000 });
  await expect(queue(newer).getByText(/A newer version of this program has stored the queue/)).toBeVisible();
  await expect(button(newer, "Clear the damaged queue")).toHaveCount(0);
  await expect(newer.getByText(/Delete it to free/)).toHaveCount(0);
  await button(newer, "Add 2 runs to the queue").click();
  await expect(newer.getByText(/has stored the queue/)).toHaveCount(2);
  await expectAccessible(newer);
  expect(await alter(tools, {}, null), "not a byte is changed").toEqual(stored);
  await newer.close();

  await alter(tools, { path: "simclr-lab/", names: ["queue.a", "queue.b"] }, "damage");
  const cleared = await context.newPage();
  await cleared.goto("runs/");
  await expect(queue(cleared).getByText(/The stored queue cannot be read/)).toBeVisible({ timeout: 60_000 });
  await button(cleared, "Clear the damaged queue").click();
  await expect(queue(cleared)).not.toContainText("cannot be read");
  await button(cleared, "Add 2 runs to the queue").click();
  await expect(queue(cleared).getByRole("listitem")).toHaveCount(2);
});

test("on a phone nothing but the table's own region scrolls sideways", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await load(page, stripesZip());
  await short(page, 1);
  await go(page, "Runs");
  await expect(rows(page)).toHaveCount(1);
  await rows(page).first().getByRole("button", { name: /^More/ }).click();
  await expectAccessible(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wide, "pixels beyond the screen").toBeLessThanOrEqual(0);
});

test("a run on images that were split by another seed says so, and opens when they are loaded as it says", async ({ page, context }) => {
  await page.goto("data/");
  await page.getByLabel("Image size").selectOption("16");
  await page.getByLabel("Split seed").fill("7");
  await page.getByLabel("Split seed").blur();
  await choose(page, stripesZip());
  await page.getByRole("heading", { name: "What was loaded" }).waitFor({ timeout: 60_000 });
  await short(page);
  await page.close();

  const again = await context.newPage();
  await again.goto("runs/");
  await rows(again).first().getByRole("button", { name: /^Open/ }).click({ timeout: 60_000 });
  await expect(panel(again)).toContainText("split seed 7");
  await panel(again).getByRole("link", { name: "Choose the images" }).click();
  await expect(again.getByLabel("Split seed")).toHaveValue("7");
  await again.getByLabel("Image size").selectOption("16");
  await choose(again, stripesZip());
  await again.getByRole("heading", { name: "What was loaded" }).waitFor({ timeout: 60_000 });
  await go(again, "Runs");
  await rows(again).first().getByRole("button", { name: /^Open/ }).click();
  await expect(again.getByRole("heading", { name: "Pre-train" })).toBeVisible();
  await expect(button(again, "Download encoder")).toBeVisible();
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
