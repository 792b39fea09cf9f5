import { defineConfig } from "@playwright/test";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Set here, in the main process, for the server and for the workers: two checkouts can then test at the same time.
process.env.E2E_PORT ??= String(20000 + (process.pid % 20000));
process.env.DIST ??= fileURLToPath(new URL("../../dist-test", import.meta.url));
// `cargo xtask test` sets CHROMIUM; this is for calling Playwright by hand.
const chromium = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

export default defineConfig({
  testDir: ".",
  // `cargo xtask corpus` names a folder; it is no test.
  testMatch: process.env.CORPUS ? "corpus.mjs" : "*.spec.mjs",
  // What is timed is processor time.
  workers: 2,
  fullyParallel: false,
  // A test that needs another try is listed as flaky: two pages with their threads share a test machine's two cores.
  retries: 2,
  forbidOnly: true,
  // `cargo xtask nightly` sets NIGHTLY and runs what takes minutes too.
  grepInvert: process.env.NIGHTLY ? undefined : /@nightly/,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    baseURL: `http://127.0.0.1:${process.env.E2E_PORT}/x/`,
    viewport: { width: 1280, height: 860 },
    actionTimeout: 20_000,
    // What a service worker answers `page.route` does not see; offline.spec.mjs has one.
    serviceWorkers: "block",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: chromium,
      args: [
        "--no-sandbox",
        "--enable-unsafe-webgpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // A page that a test has rewritten on its way counts as one from afar, which may not ask this machine.
        "--disable-features=LocalNetworkAccessChecks",
      ],
    },
  },
  webServer: {
    command: "node server.mjs",
    url: `http://127.0.0.1:${process.env.E2E_PORT}/x/`,
    reuseExistingServer: false,
    timeout: 20_000,
  },
});
