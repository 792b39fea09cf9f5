// The worker as the page loads it: from the page's own origin, once, and shut in by the page's policy.
import { test, expect, expectAccessible, otherOrigin } from "./fixtures.mjs";

/** Opens the page that needs the worker, and waits until it has answered. */
async function opened(page) {
  const worker = page.waitForEvent("worker");
  await page.goto("pretrain/");
  const started = await worker;
  await expect(page.getByRole("region", { name: /training program/i })).toHaveCount(0, { timeout: 60_000 });
  return started;
}

test("the worker comes from the page's own folder, and then there is no request at all", async ({ page, requests, baseURL }) => {
  await opened(page);
  const urls = requests.map(({ url }) => url);
  expect(urls.filter((url) => !url.startsWith(baseURL))).toEqual([]);
  // The page came as it is, so the host is not asked whether it compresses by brotli.
  const wasm = requests.filter(({ url }) => url.includes("worker_bg.wasm"));
  expect(wasm.map(({ url, method }) => `${method} ${url.replace(/=.*/, "")}`)).toEqual([`GET ${baseURL}worker_bg.wasm.gz?v`]);
  expect(urls.filter((url) => url.includes("worker.js?v="))).toHaveLength(1);

  // Other pages, and work in the worker: everything is there already.
  const before = requests.length;
  const navigation = page.getByRole("navigation");
  await navigation.getByRole("link", { name: "Images" }).click();
  await navigation.getByRole("link", { name: "Evaluate" }).click();
  await page.waitForTimeout(1_000);
  expect(requests.slice(before)).toEqual([]);
});

test("how far the training program's download is, in bytes", async ({ page }) => {
  const network = await page.context().newCDPSession(page);
  await page.goto("help/");
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: 1.5e6, uploadThroughput: -1 });
  await page.getByRole("navigation").getByRole("link", { name: "Pre-train" }).click();
  const loading = page.getByRole("region", { name: "Loading the training program" });
  await expect(loading).toContainText(/\d[\d.]* MB of \d[\d.]* MB/);
  await expect.poll(() => loading.getByRole("progressbar").evaluate((bar) => bar.value)).toBeGreaterThan(0);
  await expectAccessible(page);
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await expect(loading).toHaveCount(0, { timeout: 60_000 });
  await expect(page.getByRole("contentinfo")).toContainText("Training device", { timeout: 60_000 });
});

test.describe("the policy in the worker", () => {
  test.use({ expectedErrors: [/Content Security Policy/] });

  test("a request to another origin from inside it is blocked", async ({ page, request }) => {
    // Without a policy the address answers everybody.
    expect(await (await request.get(otherOrigin())).text()).toBe("reached");
    const worker = await opened(page);
    const outcome = await worker.evaluate((url) => fetch(url).then(() => "reached", () => "blocked"), otherOrigin());
    expect(outcome).toBe("blocked");
  });
});

test.describe("page and worker of different versions", () => {
  /** The worker speaks another version for the first `times` that it is loaded. */
  async function otherVersion(page, times) {
    const code = `const post = self.postMessage.bind(self);
      self.postMessage = (message, ...rest) => post(message?.body ? { ...message, v: 999 } : message, ...rest);`;
    let loads = 0;
    await page.route(/worker\.js/, async (route) => {
      const response = await route.fetch();
      const text = await response.text();
      await route.fulfill({ response, body: loads++ < times ? `${code}\n${text}` : text });
    });
    let visits = 0;
    page.on("domcontentloaded", () => visits++);
    return () => visits;
  }

  test("the page reloads itself once, and goes on", async ({ page }) => {
    const visits = await otherVersion(page, 1);
    await page.goto("pretrain/");
    await expect.poll(visits, { timeout: 60_000 }).toBe(2);
    await expect(page.getByRole("contentinfo")).toContainText("Training device", { timeout: 60_000 });
    expect(visits()).toBe(2);
  });

  test("where that does not help it says so, and does not reload for ever", async ({ page }) => {
    const visits = await otherVersion(page, Infinity);
    await page.goto("pretrain/");
    await expect(page.getByRole("alert", { name: "Messages" })).toContainText("are of different versions", { timeout: 60_000 });
    await expectAccessible(page);
    expect(visits()).toBe(2);
  });
});
