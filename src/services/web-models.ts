/** The models of the ears as the web service keeps them: what is here, downloads, and which one is used. */
import { homedir, tmpdir } from "node:os";
import { resolve } from "node:path";
import { hideCredentials } from "../config/hidden-credentials.ts";
import { WildfireError } from "../core/errors.ts";
import { modelFileOf, requireKnownModel } from "../models-store/known-models.ts";
import { type ModelPlaces, modelPlaces } from "../models-store/model-places.ts";
import { ModelPulls, type PullState } from "../models-store/model-pulls.ts";
import { builtInName, ModelShelf } from "../models-store/model-shelf.ts";
import { checkMirror, checkSha256 } from "../models-store/model-source.ts";
import { modelsInUse } from "../models-store/models-in-use.ts";
import type { ModelDesk, ModelsView, PullWish } from "../web/models-view.ts";
import type { SettingsDesk } from "../web/settings/settings-desk.ts";
import type { ServiceContext } from "./service.ts";
import { thisMachine } from "./this-machine.ts";

export interface WebModelsOptions {
  readonly context: ServiceContext;
  readonly settings: SettingsDesk;
}

export class WebModels implements ModelDesk {
  readonly #options: WebModelsOptions;
  readonly #places: ModelPlaces;
  readonly #shelf: ModelShelf;
  readonly #pulls: ModelPulls;
  readonly #listeners: (() => void)[] = [];

  /** Throws a WildfireError("usage") for a mirror in the environment that is none. */
  constructor(options: WebModelsOptions) {
    this.#options = options;
    const { context } = options;
    this.#places = modelPlaces({
      env: process.env,
      home: homedir(),
      userId: process.getuid?.() ?? 0,
      temporaryFolder: tmpdir(),
    });
    const { folder } = this.#places;
    this.#shelf = new ModelShelf({
      folder,
      machine: thisMachine,
      running: async () => await modelsInUse(context.stateFolder, builtInName),
      chosen: async () => await this.#chosen(),
    });
    this.#pulls = new ModelPulls({
      folder,
      clock: context.clock,
      onChange: () => this.#changed(),
      onEnd: (state) => this.#tellEnd(state),
    });
  }

  async view(): Promise<ModelsView> {
    const { isMirror } = this.#places;
    const source = hideCredentials(this.#places.source);
    return { ...(await this.#shelf.view()), source, isMirror, pull: this.#pulls.state() };
  }

  pullState(): PullState {
    return this.#pulls.state();
  }

  /** Returns once it has begun. Throws a WildfireError. */
  pull(name: string, { mirror, sha256 }: PullWish): PullState {
    this.#pulls.begin({
      model: requireKnownModel(name),
      source: mirror === undefined ? this.#places.source : checkMirror(mirror),
      sha256: sha256 === undefined ? undefined : checkSha256(sha256),
    });
    return this.#pulls.state();
  }

  /** Throws a WildfireError("state") when that one is not under way. */
  cancel(name: string): void {
    this.#pulls.cancel(name);
  }

  /** Rejects with a WildfireError. */
  async remove(name: string): Promise<void> {
    const { current } = this.#pulls;
    if (current !== undefined && modelFileOf(current) === modelFileOf(name)) {
      throw new WildfireError("state", `${current} is being downloaded`, {
        hint: "cancel that first",
      });
    }
    await this.#shelf.remove(name);
    this.#changed();
  }

  /** Resolves to what was saved and what starts again, in sentences. Rejects with a WildfireError. */
  async use(name: string): Promise<string> {
    const value = await this.#shelf.pathOf(name);
    const outcome = await this.#options.settings.change({
      changes: [{ section: "whisper", key: "model", value }],
      secrets: [],
    });
    this.#changed();
    if (outcome.kind === "saved") return outcome.message;
    const [problem] = outcome.problems;
    throw new WildfireError("config", problem?.message ?? "it was not saved", {
      hint: problem?.hint ?? "see wildfire config check",
    });
  }

  async close(): Promise<void> {
    await this.#pulls.close();
  }

  onChanged(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  async #chosen(): Promise<string | undefined> {
    const { sections } = await this.#options.settings.view();
    const settings = sections.find(({ name }) => name === "whisper")?.settings;
    const value = settings?.find(({ key }) => key === "model")?.value;
    return typeof value === "string" && value !== "" ? resolve(value) : undefined;
  }

  #tellEnd({ phase, model, note, doneBytes }: PullState): void {
    const { log } = this.#options.context;
    const fields = { model, outcome: phase, reason: note, bytes: doneBytes };
    if (phase === "failed") log.warn("a model was not downloaded", fields);
    else log.info("the download of a model ended", fields);
  }
}
