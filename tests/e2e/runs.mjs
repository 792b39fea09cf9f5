// The page "Runs", by role and name, and what its tests begin with.
import { file, stripeFolders, zip } from "./make.mjs";
import { quick, trained } from "./person.mjs";

export const stripesZip = () => file("stripes.zip", zip(stripeFolders(60)));
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const table = (page) => page.getByRole("table", { name: "Stored runs" });
export const rows = (page) => table(page).getByRole("row").filter({ has: page.getByRole("checkbox") });
export const queue = (page) => page.getByRole("region", { name: "Queue" });
export const panel = (page) => page.locator("#run-panel");

export async function short(page, epochs = 2) {
  await quick(page, epochs);
  await button(page, (await button(page, "Start").count()) ? "Start" : "Start again").click();
  await trained(page);
}
