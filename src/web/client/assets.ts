/** The files that a browser gets beside the pages, with a name that changes when they do. */
import access from "./access.css" with { type: "text" };
import calls from "./calls.css" with { type: "text" };
import ears from "./ears.css" with { type: "text" };
import forms from "./forms.css" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import style from "./style.css" with { type: "text" };
import talk from "./talk.css" with { type: "text" };
import tries from "./tries.css" with { type: "text" };
import trouble from "./trouble.css" with { type: "text" };
import { transpiled } from "./transpiled.ts" with { type: "macro" };

export interface Asset {
  readonly type: string;
  readonly text: string;
}

const script = "text/javascript; charset=utf-8";

/** Joined into one file, later ones count more. */
const styles: readonly string[] = [style, forms, calls, talk, tries, ears, trouble, access];

export const assets: ReadonlyMap<string, Asset> = new Map([
  ["page.js", { type: script, text: await transpiled("page") }],
  ["fields.js", { type: script, text: await transpiled("fields") }],
  ["morph.js", { type: script, text: await transpiled("morph") }],
  ["notice.js", { type: script, text: await transpiled("notice") }],
  ["live-source.js", { type: script, text: await transpiled("live-source") }],
  ["server-request.js", { type: script, text: await transpiled("server-request") }],
  ["steer.js", { type: script, text: await transpiled("steer") }],
  ["access.js", { type: script, text: await transpiled("access") }],
  ["calls.js", { type: script, text: await transpiled("calls") }],
  ["talk.js", { type: script, text: await transpiled("talk") }],
  ["talk-call.js", { type: script, text: await transpiled("talk-call") }],
  ["talk-states.js", { type: script, text: await transpiled("talk-states") }],
  ["talk-view.js", { type: script, text: await transpiled("talk-view") }],
  ["talk-problems.js", { type: script, text: await transpiled("talk-problems") }],
  ["talk-worklet.js", { type: script, text: await transpiled("talk-worklet") }],
  ["talk-capture.js", { type: script, text: await transpiled("talk-capture") }],
  ["talk-playback.js", { type: script, text: await transpiled("talk-playback") }],
  ["talk-level.js", { type: script, text: await transpiled("talk-level") }],
  ["talk-events.js", { type: script, text: await transpiled("../talk/talk-events") }],
  ["html.js", { type: script, text: await transpiled("../html") }],
  ["turn-bar.js", { type: script, text: await transpiled("../pages/turn-bar") }],
  ["times.js", { type: script, text: await transpiled("../pages/times") }],
  ["resample.js", { type: script, text: await transpiled("../../audio/resample") }],
  ["polyphase-filter.js", { type: script, text: await transpiled("../../audio/polyphase-filter") }],
  ["kaiser-window.js", { type: script, text: await transpiled("../../audio/kaiser-window") }],
  ["errors.js", { type: script, text: await transpiled("../../core/errors") }],
  ["tries.js", { type: script, text: await transpiled("tries") }],
  ["brain.js", { type: script, text: await transpiled("brain") }],
  ["voice.js", { type: script, text: await transpiled("voice") }],
  ["settings.js", { type: script, text: await transpiled("settings") }],
  ["settings-save.js", { type: script, text: await transpiled("settings-save") }],
  ["setting-changes.js", { type: script, text: await transpiled("setting-changes") }],
  ["lines.js", { type: script, text: await transpiled("lines") }],
  ["line-text.js", { type: script, text: await transpiled("line-text") }],
  ["ears.js", { type: script, text: await transpiled("ears") }],
  ["trouble.js", { type: script, text: await transpiled("trouble") }],
  ["style.css", { type: "text/css; charset=utf-8", text: styles.join("\n") }],
  ["icon.svg", { type: "image/svg+xml", text: icon }],
]);

/** Of all of them together: scripts import one another from the same folder. */
const version = new Bun.CryptoHasher("sha256")
  .update(JSON.stringify([...assets]))
  .digest("hex")
  .slice(0, 12);

export const assetFolder = `/assets/${version}`;
