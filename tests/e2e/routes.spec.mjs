// Every route opens cold from a plain file server below a sub-path, and the policy is in force on it.
import { test, expect, expectAccessible, otherOrigin, routes } from "./fixtures.mjs";

for (const route of routes) {
  test(`/x/${route} opens cold`, async ({ page, requests, baseURL }) => {
    const response = await page.goto(route);
    expect(response.status()).toBe(200);
    await expect(page.getByRole("main")).toBeVisible();
    await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
    expect(new URL(page.url()).pathname).toBe(`/x/${route}`);
    expect(await page.evaluate(() => document.baseURI)).toBe(baseURL);
    await expectAccessible(page);

    // Nothing from elsewhere; and nothing of the worker before it is needed: settings are checked and estimated in it, so only their page loads it.
    for (const { url } of requests) {
      expect(url.startsWith(baseURL), url).toBe(true);
      if (!["pretrain/", "runs/"].includes(route)) expect(url).not.toContain("worker");
    }
  });
}

test("a host that drops the closing slash serves the same page", async ({ page, baseURL }) => {
  // Answered in place: the address stays without its slash.
  await page.route(`${baseURL}data`, async (route) => route.fulfill({ response: await route.fetch({ url: `${baseURL}data/` }) }));
  await page.goto("data");
  expect(new URL(page.url()).pathname).toBe("/x/data");
  expect(await page.evaluate(() => document.baseURI)).toBe(baseURL);
  await expect(page.getByRole("main")).toBeVisible();
});

test("a page opens by its file's name too", async ({ page }) => {
  await page.goto("help/index.html");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Help");
  await page.getByRole("navigation").getByRole("link", { name: "LARS" }).click();
  await expect(page).toHaveURL(/\/x\/lesson\/lars/);
});

test("going from page to page keeps the sub-path, and back works", async ({ page }) => {
  await page.goto("");
  await page.getByRole("navigation").getByRole("link", { name: "Help" }).click();
  await expect(page).toHaveURL(/\/x\/help\/?$/);
  await expect(page.getByRole("link", { name: "Help" })).toHaveAttribute("aria-current", "page");
  await page.goBack();
  await expect(page).toHaveURL(/\/x\/$/);
  await expect(page.getByRole("heading", { level: 1 })).not.toHaveText("Help");
  await page.goForward();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Help");
  // What asks for a tab of its own is the browser's.
  const tab = page.context().waitForEvent("page");
  await page.getByRole("link", { name: "LARS" }).click({ modifiers: ["ControlOrMeta"] });
  await expect((await tab).getByRole("heading", { level: 1 })).toHaveText("LARS, layer by layer");
  await expect(page).toHaveURL(/\/x\/help\/?$/);
});

test.describe("the content security policy", () => {
  test.use({ expectedErrors: [/Content Security Policy/] });

  test("stops requests to other origins from the page", async ({ page, request }) => {
    // Without a policy the address answers.
    expect(await (await request.get(otherOrigin())).text()).toBe("reached");
    await page.goto("");
    const outcome = await page.evaluate((url) => fetch(url).then(() => "reached", () => "blocked"), otherOrigin());
    expect(outcome).toBe("blocked");
  });

  test("stops requests to other origins from a worker that was started as the page starts its own", async ({ page }) => {
    await page.goto("");
    const outcome = await page.evaluate(async (url) => {
      const code = `await import(${JSON.stringify(new URL("worker.js", document.baseURI).href)});
        postMessage(await fetch(${JSON.stringify(url)}).then(() => "reached", () => "blocked"));`;
      const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" });
      const answer = new Promise((resolve) => {
        worker.onmessage = (event) => resolve(event.data);
        worker.onerror = () => resolve("the worker did not start");
      });
      return answer.finally(() => worker.terminate());
    }, otherOrigin());
    expect(outcome).toBe("blocked");
  });

  test("stops inline scripts that are not the page's own", async ({ page }) => {
    await page.goto("");
    const ran = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.body.append(script);
      return window.ran === true;
    });
    expect(ran).toBe(false);
  });
});

test("this Chromium has a WebGPU adapter", async ({ page }) => {
  await page.goto("");
  const adapter = await page.evaluate(async () => {
    if (!navigator.gpu) return "navigator.gpu is missing";
    const adapter = await navigator.gpu.requestAdapter();
    return adapter ? "present" : "requestAdapter() gave null: no hardware adapter, and SwiftShader is missing or switched off";
  });
  expect(adapter).toBe("present");
});
