// The threads of the CPU backend: as many as there are cores or as a person chooses, the same numbers with any, shut in by the
// page's policy, and told of where one breaks. A page that is not isolated computes with one.
import { test, expect, expectAccessible, otherOrigin } from "./fixtures.mjs";
import { openWorker } from "./ask.mjs";
import { file, stripeFolders, zip } from "./make.mjs";
import { go, inWorker, keepWorker, load, messages, pause, quick, restart, start, stepCount, trained, training } from "./person.mjs";

test.setTimeout(240_000);
const CORES = 3;
const images = file("stripes.zip", zip(stripeFolders(60)));
const device = (page) => page.getByRole("region", { name: "Device" });
/** A machine of so many cores, whatever this one has. */
const cores = (page, count) =>
  page.addInitScript((count) => Object.defineProperty(Navigator.prototype, "hardwareConcurrency", { get: () => count }), count);

test.beforeEach(({ page }) => cores(page, CORES));

test("all cores compute, or as many as a person chooses, also at the next visit", async ({ page }) => {
  await load(page, images);
  await quick(page, 1);
  await expect(device(page)).toContainText("CPU 3 threads");
  expect(page.workers()).toHaveLength(CORES);
  await start(page);
  await trained(page);

  const choice = page.getByRole("combobox", { name: "Threads of the CPU" });
  await choice.selectOption("2 threads");
  // The encoder would be lost with the program.
  const question = page.getByRole("dialog", { name: "Give the encoder up?" });
  await expectAccessible(page);
  await question.getByRole("button", { name: "Keep the encoder" }).click();
  await expect(choice).toHaveValue("0");
  await choice.selectOption("2 threads");
  await question.getByRole("button", { name: "Change the threads" }).click();
  await expect(device(page)).toContainText("CPU 2 threads", { timeout: 60_000 });
  await expect.poll(() => page.workers().length).toBe(2);
  await go(page, "Images");
  await expect(page.getByRole("main")).toContainText("stripes.zip", { timeout: 60_000 });

  await page.reload();
  await go(page, "Pre-train");
  await expect(device(page)).toContainText("CPU 2 threads", { timeout: 60_000 });
  await expect(choice).toHaveValue("2");
});

test("pause, resume and cancel work with threads", async ({ page }) => {
  await load(page, images);
  await training(page, 500);
  const step = await pause(page);
  await page.getByRole("button", { name: "Resume", exact: true }).click();
  await expect.poll(() => stepCount(page)).toBeGreaterThan(step);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("button", { name: "Pause", exact: true })).toHaveCount(0);
});

test("any number of threads gives the same bits", async ({ page, context }) => {
  const network = { architecture: "ResNet10", stem: "Small", width: 16, views: 8, size: 16 };
  const all = [];
  for (const threads of [1, 2, CORES]) {
    const one = await context.newPage();
    const ask = await openWorker(one, threads);
    await expect.poll(() => one.workers().length).toBe(threads);
    all.push(await ask("cpu", "network", network));
    await one.close();
  }
  expect(all[0].length).toBeGreaterThan(10);
  expect(all[1]).toEqual(all[0]);
  expect(all[2]).toEqual(all[0]);
  await page.close();
});

test.describe("the policy in the pool", () => {
  test.use({ expectedErrors: [/Content Security Policy/] });

  test("a request to another origin from inside a thread is blocked", async ({ page, request }) => {
    expect(await (await request.get(otherOrigin())).text()).toBe("reached");
    const told = new Promise((resolve) => page.exposeFunction("told", resolve));
    await page.addInitScript(() => (new BroadcastChannel("pool").onmessage = ({ data }) => window.told(data)));
    await inWorker(
      page,
      `if (self.name === "pool") fetch(${JSON.stringify(otherOrigin())})
         .then(() => "reached", () => "blocked").then((outcome) => new BroadcastChannel("pool").postMessage(outcome));`,
    );
    await page.goto("pretrain/");
    expect(await told).toBe("blocked");
  });
});

test.describe("a thread that breaks", () => {
  test.use({ expectedErrors: [/in this test|unreachable/] });

  test("ends the program with its message, although the others wait for it; a restart brings all back", async ({ page }) => {
    await keepWorker(page);
    await load(page, images);
    await quick(page, 500);
    await start(page);
    await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(2);
    await page.evaluate(() => window.keptWorker.postMessage({ check: JSON.stringify({ id: 0, panic: "a panic in this test", in_pool: true }) }));
    await expect(messages(page)).toContainText("a panic in this test", { timeout: 30_000 });
    await expect.poll(() => page.workers().length, "the program's threads end with it").toBe(0);
    await expect(messages(page).getByRole("button", { name: "Restart" })).toHaveCount(1);
    await restart(page, "stripes.zip");
    await quick(page, 1);
    await start(page);
    await trained(page);
  });
});

test("a page that is not isolated computes with one thread and says so", async ({ page }) => {
  await page.route("**/*", async (route) => {
    if (route.request().resourceType() !== "document") return route.fallback();
    const response = await route.fetch();
    const headers = Object.fromEntries(Object.entries(response.headers()).filter(([name]) => !name.startsWith("cross-origin-")));
    await route.fulfill({ response, headers });
  });
  await load(page, images);
  await quick(page, 1);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await expect(device(page)).toContainText("CPU 1 thread");
  await expect(device(page)).toContainText("On one thread: the browser does not isolate this page");
  expect(page.workers()).toHaveLength(1);
  await expectAccessible(page);
  await start(page);
  await trained(page);
});
