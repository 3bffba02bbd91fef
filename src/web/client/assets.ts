/** The files that a browser gets beside the pages, with a name that changes when they do. */
import icon from "./icon.svg" with { type: "text" };
import style from "./style.css" with { type: "text" };
import { transpiled } from "./transpiled.ts" with { type: "macro" };

export interface Asset {
  readonly type: string;
  readonly text: string;
}

const script = "text/javascript; charset=utf-8";

export const assets: ReadonlyMap<string, Asset> = new Map([
  ["page.js", { type: script, text: await transpiled("page") }],
  ["fields.js", { type: script, text: await transpiled("fields") }],
  ["morph.js", { type: script, text: await transpiled("morph") }],
  ["steer.js", { type: script, text: await transpiled("steer") }],
  ["style.css", { type: "text/css; charset=utf-8", text: style }],
  ["icon.svg", { type: "image/svg+xml", text: icon }],
]);

/** Of all of them together: scripts import one another from the same folder. */
const version = new Bun.CryptoHasher("sha256")
  .update(JSON.stringify([...assets]))
  .digest("hex")
  .slice(0, 12);

export const assetFolder = `/assets/${version}`;
