// Drops that go wrong, handed over by a stand-in for the browser's file system: no real disk refuses on demand.
import { test, expect, expectAccessible } from "./fixtures.mjs";
import { stripes } from "./make.mjs";

/** Drops a folder or file on the page: an object is a folder, a text a file in base64, and some are "refused", "locked" or "endless". */
const drop = (page, name, content) =>
  page.evaluate(([name, content]) => {
    const refuse = (_, fail) => fail(new DOMException("A requested file could not be found.", "NotFoundError"));
    const folder = (readEntries) => ({ isDirectory: true, isFile: false, createReader: () => ({ readEntries }) });
    const plain = (file) => ({ isDirectory: false, isFile: true, file });
    const build = (name, content, above) => {
      const fullPath = `${above}/${name}`;
      const kind = () => {
        if (content === "refused") return plain(refuse);
        if (content === "locked") return folder(refuse);
        if (content === "endless") return folder(() => {});
        if (typeof content === "string") return plain((done) => done(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name)));
        const inside = Object.entries(content).map(([name, content]) => build(name, content, fullPath));
        // A second call finds nothing more.
        return folder((done) => done(inside.splice(0)));
      };
      return { name, fullPath, ...kind() };
    };
    DataTransferItem.prototype.webkitGetAsEntry = () => build(name, content, "");
    const transfer = new DataTransfer();
    transfer.items.add(new File(["stand-in"], name));
    document.querySelector("main").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, [name, content]);

const image = (seed, along) => stripes(seed, along).toString("base64");

test("what the browser refuses of a dropped folder is named, and the rest is there", async ({ page }) => {
  await page.goto("data/");
  const across = { "1.png": image(1, false), "2.png": image(3, false), "gone.png": "refused" };
  await drop(page, "pictures", { across, along: { "1.png": image(2, true), "2.png": image(4, true) }, closed: "locked" });
  await expect(page.getByRole("heading", { name: "What was loaded" })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("main")).toContainText(/Images\s*4/);
  await expect(page.getByRole("main")).toContainText("2 files were not used. All else was used.");
  for (const name of ["pictures/across/gone.png", "pictures/closed"]) {
    await expect(page.getByRole("row").filter({ hasText: name })).toContainText("The browser could not read the file (A requested file could not be found.)");
  }
});

test("a drop of which nothing can be read says so", async ({ page }) => {
  await page.goto("data/");
  await drop(page, "pictures", { "gone.png": "refused" });
  await expect(page.getByText("Nothing was loaded from these files")).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("row").filter({ hasText: "gone.png" })).toContainText("could not read the file");
});

test("listing a dropped folder is cancelled, and a drop meanwhile is answered", async ({ page }) => {
  await page.goto("data/");
  await drop(page, "pictures", { "1.png": image(1, true), deep: "endless" });
  await expect(page.getByText("Looking through the folder")).toBeVisible();
  await expectAccessible(page);
  await drop(page, "late.png", image(2, true));
  await expect(page.getByText("That cannot be done while something else is running.")).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("Looking through the folder")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Choose a folder" })).toBeEnabled();
  await drop(page, "now.png", image(3, true));
  await expect(page.getByRole("main")).toContainText(/Images\s*1/, { timeout: 60_000 });
});
