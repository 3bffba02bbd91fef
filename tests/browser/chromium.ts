/** A real browser over the pages: the machine's Chromium, driven by playwright-core. */
import { afterAll, beforeAll, describe, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Where tests leave what they saw, for people to look at. */
const pictureFolder = join(import.meta.dir, "../../build/pictures");

/** Nothing of its own goes out: no updates, no lists, no accounts. */
const quietArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface ChromiumOptions {
  /** Of its command line, besides the usual ones. */
  readonly argv?: readonly string[];
}

/** Declares tests with a browser, or one skipped test that says why there is none. */
export function describeWithChromium(
  title: string,
  body: (chromium: Chromium) => void,
  { argv = [] }: ChromiumOptions = {},
): void {
  const found = findChromium();
  if (typeof found === "string") {
    describe(title, () => {
      const held = new Chromium(found, [...quietArguments, ...argv]);
      beforeAll(async () => await held.launch());
      afterAll(async () => await held.close());
      body(held);
    });
    return;
  }
  if (process.env["WILDFIRE_INTEROP"] === "required") {
    throw new Error(`WILDFIRE_INTEROP=required, but ${found.reason}`);
  }
  test.skip(`${title}: ${found.reason}`, () => undefined);
}

function findChromium(): string | { readonly reason: string } {
  if (process.env["WILDFIRE_INTEROP"] === "off") return { reason: "WILDFIRE_INTEROP=off says so" };
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    const path = Bun.which(name);
    if (path !== null) return path;
  }
  return { reason: "there is no Chromium (Debian's package is called chromium)" };
}

export class Chromium {
  readonly #path: string;
  readonly #argv: readonly string[];
  #browser: Browser | undefined;

  constructor(path: string, argv: readonly string[]) {
    this.#path = path;
    this.#argv = argv;
  }

  async launch(): Promise<void> {
    this.#browser = await chromium.launch({ executablePath: this.#path, args: [...this.#argv] });
  }

  /** A visitor with cookies of their own; the page is closed with them. */
  async visit(baseURL: string, options: BrowserContextOptions = {}): Promise<Visit> {
    if (this.#browser === undefined) throw new Error("Chromium was not launched");
    const context = await this.#browser.newContext({ baseURL, locale: "en-GB", ...options });
    return new Visit(await context.newPage(), new URL(baseURL).host);
  }

  async close(): Promise<void> {
    await this.#browser?.close();
  }
}

/** One tab, and everything in it that must not be. */
export class Visit implements AsyncDisposable {
  readonly page: Page;
  /** Errors of scripts, broken content policy, requests to other hosts, answers that are failures. */
  readonly problems: string[] = [];

  constructor(page: Page, host: string) {
    this.page = page;
    page.on("pageerror", (error) => this.problems.push(`script: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") this.problems.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
      const url = new URL(request.url());
      const isOurs = url.host === host || ["data:", "blob:"].includes(url.protocol);
      if (!isOurs) this.problems.push(`request to ${url.host}`);
    });
  }

  /** A picture of the whole page, for people; tests read the page itself. */
  async picture(name: string): Promise<void> {
    mkdirSync(pictureFolder, { recursive: true });
    await this.page.screenshot({ path: join(pictureFolder, `${name}.png`), fullPage: true });
  }

  /** Pixels by which the page is wider than its window. */
  async overhang(): Promise<number> {
    return await this.page.evaluate<number>(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}
