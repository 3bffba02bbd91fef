/** The whisper models that can be had by name: the published ggml files of whisper.cpp. */
import { nearestName } from "../config/nearest-name.ts";
import { quote, WildfireError } from "../core/errors.ts";

export type ModelSize = "tiny" | "base" | "small" | "medium" | "large" | "large-turbo";

export interface KnownModel {
  readonly name: string;
  /** In the folder of the server, and in ours. */
  readonly file: string;
  readonly size: ModelSize;
  readonly isEnglishOnly: boolean;
  /** As in its name; `f16` for the plain ones. */
  readonly weights: string;
  /** Rounded, for choosing; the server says the exact size. */
  readonly aboutMb: number;
}

/** Names with the size of the file in units of 1,000,000 bytes. */
const sizes: Readonly<Record<string, number>> = {
  "tiny.en": 78,
  "tiny.en-q5_1": 32,
  "tiny.en-q8_0": 44,
  tiny: 78,
  "tiny-q5_1": 32,
  "tiny-q8_0": 44,
  "base.en": 148,
  "base.en-q5_1": 60,
  "base.en-q8_0": 82,
  base: 148,
  "base-q5_1": 60,
  "base-q8_0": 82,
  "small.en": 488,
  "small.en-q5_1": 190,
  "small.en-q8_0": 264,
  small: 488,
  "small-q5_1": 190,
  "small-q8_0": 264,
  "medium.en": 1534,
  "medium.en-q5_0": 539,
  "medium.en-q8_0": 823,
  medium: 1534,
  "medium-q5_0": 539,
  "medium-q8_0": 823,
  "large-v2": 3095,
  "large-v2-q5_0": 1080,
  "large-v2-q8_0": 1656,
  "large-v3": 3095,
  "large-v3-q5_0": 1081,
  "large-v3-turbo": 1625,
  "large-v3-turbo-q5_0": 574,
  "large-v3-turbo-q8_0": 874,
};

export const knownModels: readonly KnownModel[] = Object.entries(sizes).map(([name, aboutMb]) => ({
  name,
  file: `ggml-${name}.bin`,
  size: sizeOf(name),
  isEnglishOnly: /\.en(?:-|$)/.test(name),
  weights: /-(q\d_\d)$/.exec(name)?.[1] ?? "f16",
  aboutMb,
}));

/** The file that a name stands for; any other text is taken for the name of a file. */
export function modelFileOf(name: string): string {
  return knownModels.find((known) => known.name === name)?.file ?? name;
}

/** By name or by the name of its file; throws a WildfireError("usage") with the nearest name. */
export function requireKnownModel(name: string): KnownModel {
  const model = knownModels.find((known) => known.name === name || known.file === name);
  if (model !== undefined) return model;
  const nearest = nearestName(
    name,
    knownModels.map((known) => known.name),
  );
  throw new WildfireError("usage", `there is no model ${quote(name)}`, {
    hint: nearest === undefined ? "see wildfire models list --all" : `did you mean ${nearest}?`,
  });
}

function sizeOf(name: string): ModelSize {
  if (name.includes("turbo")) return "large-turbo";
  const found = (["tiny", "base", "small", "medium"] as const).find((size) =>
    name.startsWith(size),
  );
  return found ?? "large";
}
