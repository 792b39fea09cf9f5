// The worker as the page loads it: from the page's own origin, once, and shut in by the page's policy.
import { test, expect, otherOrigin } from "./fixtures.mjs";

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
  expect(urls.filter((url) => url.includes("worker_bg.wasm?v="))).toHaveLength(1);
  expect(urls.filter((url) => url.includes("worker.js?v="))).toHaveLength(1);

  // Other pages, and work in the worker: everything is there already.
  const before = requests.length;
  const navigation = page.getByRole("navigation");
  await navigation.getByRole("link", { name: "Images" }).click();
  await navigation.getByRole("link", { name: "Evaluate" }).click();
  await page.waitForTimeout(1_000);
  expect(requests.slice(before)).toEqual([]);
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
