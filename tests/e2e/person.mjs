// What a person does on the pages, by role and name.
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
  return Number(/(\d+) of \d/.exec(text)?.[1] ?? 0);
}

/** Opens the images page and loads a zip at 16 pixels. */
export async function load(page, archive) {
  await page.goto("data/");
  await page.getByLabel("Image size").selectOption("16");
  await choose(page, archive);
  await page.getByRole("heading", { name: "What was loaded" }).waitFor({ timeout: 60_000 });
}

/** Goes to the page "Evaluate" and presses its button, by this name, until the result is there. */
export async function evaluate(page, name) {
  await go(page, "Evaluate");
  await page.getByRole("button", { name, exact: true }).click();
  await page.getByRole("heading", { name: "Evaluating" }).waitFor({ state: "detached", timeout: 200_000 });
  await page.getByRole("heading", { name: "Result" }).waitFor();
}
