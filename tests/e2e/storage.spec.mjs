// What the browser does to what is stored: it promises or refuses to keep it, has no room, damages it; and a newer program writes it.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { go, inWorker, load, pause, stepCount, trained, training } from "./person.mjs";
import { stripesZip, button, queue, short } from "./runs.mjs";

test.setTimeout(300_000);

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
