// What a person does on the pages, by role and name.
import { expect } from "@playwright/test";

export const go = (page, name) => page.getByRole("navigation").getByRole("link", { name }).click();

export async function choose(page, ...files) {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose files or a zip" }).click();
  await (await chooser).setFiles(files);
}

/** Settings of the quickest run. */
export async function quick(page, epochs) {
  await go(page, "Pre-train");
  await page.getByRole("radio", { name: "Quick look" }).check();
  await page.getByRole("spinbutton", { name: "Epochs" }).fill(String(epochs));
  await page.getByRole("spinbutton", { name: "Epochs" }).blur();
}

export const start = (page) => page.getByRole("button", { name: "Start", exact: true }).click();

/** Steps done, as the page shows them: "12 of 4 000". */
export async function stepCount(page) {
  const text = (await page.getByRole("main").innerText()).replaceAll(/\s(?=\d{3})/g, "");
  return Number(/(\d+) of ?\d/.exec(text)?.[1] ?? 0);
}

/** Opens the images page and loads a zip at 16 pixels. */
export async function load(page, archive) {
  await page.goto("data/");
  await page.getByLabel("Image size").selectOption("16");
  await choose(page, archive);
  await page.getByRole("heading", { name: "What was loaded" }).waitFor({ timeout: 60_000 });
}

/** Keeps the page's worker within reach of the test, as `window.keptWorker`. */
export const keepWorker = (page) =>
  page.addInitScript(() => {
    window.Worker = class extends Worker {
      constructor(address, options) {
        super(address, options);
        if (options?.name !== "pool") window.keptWorker = this;
      }
    };
  });

/** Code that the worker runs before its own. */
export const inWorker = (page, code) =>
  page.route(/worker\.js/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${code}\n${await response.text()}` });
  });

/** The page's worker, for code to be run inside it; call it before the page opens. */
export const workerOf = (page) => page.waitForEvent("worker", { timeout: 60_000 });

/** Holds the worker up, in the midst of nothing, until what this gives is called; what the page asks of it meanwhile waits. */
export async function hold(page, worker) {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  const held = page.waitForRequest(/\/hold$/);
  await page.route(
    /\/hold$/,
    async (route) => {
      await released;
      await route.fulfill({ body: "" });
    },
    { times: 1 },
  );
  const wait = (url) => {
    const request = new XMLHttpRequest();
    request.open("GET", url, false);
    request.send();
  };
  // A worker that ends meanwhile gives no answer.
  worker.evaluate(wait, new URL("hold", page.url()).href).catch(() => {});
  await held;
  return release;
}

/** Everything that the page says in its messages. */
export const messages = (page) => page.getByRole("alert", { name: "Messages" });

/** Restarts the worker by the button in a message: the images come again. */
export async function restart(page, images) {
  await messages(page).getByRole("button", { name: "Restart" }).click();
  await go(page, "Images");
  await page.getByRole("heading", { name: "What was loaded" }).waitFor({ timeout: 60_000 });
  await page.getByRole("main").getByText(images).first().waitFor();
}

/** Starts a run of so many epochs and waits until it trains. */
export async function training(page, epochs) {
  await quick(page, epochs);
  await start(page);
  await expect.poll(() => stepCount(page), { timeout: 60_000 }).toBeGreaterThan(2);
}

/** Pauses: the run is then stored. Returns the step. */
export async function pause(page) {
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await expect(page.getByRole("button", { name: "Resume", exact: true })).toBeEnabled({ timeout: 60_000 });
  const said = page.getByText(/Saved in this browser at step/);
  await expect(said).toBeVisible();
  return Number((await said.innerText()).replaceAll(/(?<=\d)\s(?=\d{3})/g, "").match(/at step (\d+)/)[1]);
}

/** A run has ended and left an encoder. */
export const trained = (page) => page.getByRole("button", { name: "Download encoder" }).waitFor({ timeout: 120_000 });

/** Goes to the page "Evaluate" and presses its button, by this name, until the result is there. */
export async function evaluate(page, name) {
  await go(page, "Evaluate");
  await page.getByRole("button", { name, exact: true }).click();
  await page.getByRole("heading", { name: "Evaluating" }).waitFor({ state: "detached", timeout: 200_000 });
  await page.getByRole("heading", { name: "Result" }).waitFor();
}

/** Chooses what the training runs on. The radio itself lies unseen under its words. */
export const chooseDevice = (page, name) => page.getByRole("radio", { name, exact: true }).click({ force: true });
