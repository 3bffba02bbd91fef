/** The settings as the web service shows and changes them: one change after the other. */
import { WildfireError } from "../core/errors.ts";
import type {
  SettingsChange,
  SettingsDesk,
  SettingsOutcome,
  SettingsView,
} from "../web/settings/settings-desk.ts";
import { currentConfigPath } from "./config-file.ts";
import { wholeSchema } from "./config-tables.ts";
import type { ServiceContext } from "./service.ts";
import { pageAddress } from "./page-guard.ts";
import { type Applied, applySettings } from "./settings-applying.ts";
import { convertChanges, settingsProblems } from "./settings-checks.ts";
import { type ReadSettings, readSettings, type SettingsSources } from "./settings-reading.ts";
import { settingsView } from "./settings-view.ts";
import { writeSettings } from "./settings-writing.ts";
import { webServiceOptions, type WebValues } from "./web-options.ts";

export interface WebSettingsOptions {
  readonly values: Pick<WebValues, "config">;
  readonly context: ServiceContext;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls that are up. */
  readonly calls: () => number;
}

/** People do not save that often. */
const maxWaiting = 20;

export class WebSettings implements SettingsDesk {
  readonly #options: WebSettingsOptions;
  readonly #sources: SettingsSources;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: WebSettingsOptions) {
    this.#options = options;
    this.#sources = {
      path: currentConfigPath(options.values.config),
      schema: wholeSchema(webServiceOptions),
      env: options.env,
    };
  }

  async view(): Promise<SettingsView> {
    return settingsView(await readSettings(this.#sources));
  }

  async change(change: SettingsChange): Promise<SettingsOutcome> {
    if (this.#waiting >= maxWaiting) {
      throw new WildfireError("state", "too many changes of settings are under way", {
        hint: "wait a moment, then try again",
      });
    }
    this.#waiting += 1;
    const changed = this.#last.then(() => this.#change(change));
    this.#last = changed.catch(() => undefined);
    try {
      return await changed;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #change(change: SettingsChange): Promise<SettingsOutcome> {
    const { context, calls } = this.#options;
    const before = await readSettings(this.#sources);
    if (change.revision !== undefined && change.revision !== before.revision) {
      throw new WildfireError("state", "the settings were changed by somebody else meanwhile", {
        hint: "reload the page and make your change again",
      });
    }
    const problems = await settingsProblems(before, change);
    if (problems.length > 0) return { kind: "refused", problems };
    await writeSettings(before, convertChanges(before, change.changes), change.secrets);
    const after = await readSettings(this.#sources);
    const { secrets } = change;
    const applied = await applySettings({ context, calls, before, after, secrets });
    return {
      kind: "saved",
      ...applied,
      ...newAddress(applied, before, after),
      revision: after.revision,
    };
  }
}

/** Whoever changes where the page is, is told where to look for it. */
function newAddress({ message }: Applied, before: ReadSettings, after: ReadSettings) {
  const address = pageAddress(after);
  if (address === pageAddress(before)) return {};
  return { newAddress: address, message: `${message} The page is then at ${address}` };
}
