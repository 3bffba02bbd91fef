/** The numbers at the start of a whisper.cpp model file, and which values make sense. */
import { weightTypeOf, type GgmlHyperparameters, type TensorType } from "./ggml-layout.ts";

/** The magic and eleven 32-bit numbers. */
export const ggmlHeaderBytes = 48;

export type GgmlHeader =
  | { readonly ok: true; readonly model: GgmlHyperparameters; readonly weights: TensorType }
  /** `fault` quotes the number that no model has. */
  | { readonly ok: false; readonly fault: string };

interface Limit {
  readonly name: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
}

/** Reads and checks the header, whose magic the caller has checked. */
export function readGgmlHeader(view: DataView): GgmlHeader {
  const model = readHyperparameters(view);
  const fault = findFault(model);
  if (fault !== undefined) return { ok: false, fault };
  const weights = weightTypeOf(model.fileType);
  // The loader ends the process on a row that is not a whole number of blocks.
  if (weights === undefined || model.audioState % weights.blockElements !== 0) {
    return { ok: false, fault: `ftype is ${model.fileType}` };
  }
  return { ok: true, model, weights };
}

function readHyperparameters(view: DataView): GgmlHyperparameters {
  const number = (index: number): number => view.getInt32(4 + index * 4, true);
  return {
    vocabulary: number(0),
    audioContext: number(1),
    audioState: number(2),
    audioHeads: number(3),
    audioLayers: number(4),
    textContext: number(5),
    textState: number(6),
    textHeads: number(7),
    textLayers: number(8),
    mels: number(9),
    fileType: number(10),
  };
}

function findFault(model: GgmlHyperparameters): string | undefined {
  const bad = limitsOf(model).find(({ value, least, most }) => value < least || value > most);
  if (bad !== undefined) return `${bad.name} is ${bad.value}`;
  if (model.mels !== 80 && model.mels !== 128) return `n_mels is ${model.mels}`;
  const { audioState, audioHeads, textState, textHeads } = model;
  if (audioState % audioHeads !== 0)
    return `n_audio_head is ${audioHeads} for ${audioState} values`;
  if (textState % textHeads !== 0) return `n_text_head is ${textHeads} for ${textState} values`;
  return undefined;
}

/** What all published models keep, with room for small ones of one's own. */
function limitsOf(model: GgmlHyperparameters): Limit[] {
  const width = model.audioState;
  return [
    { name: "n_vocab", value: model.vocabulary, least: 51_864, most: 51_866 },
    { name: "n_audio_ctx", value: model.audioContext, least: 64, most: 1_500 },
    { name: "n_audio_state", value: width, least: 32, most: 2_048 },
    { name: "n_audio_head", value: model.audioHeads, least: 1, most: 64 },
    { name: "n_audio_layer", value: model.audioLayers, least: 1, most: 64 },
    { name: "n_text_ctx", value: model.textContext, least: 64, most: 448 },
    { name: "n_text_state", value: model.textState, least: width, most: width },
    { name: "n_text_head", value: model.textHeads, least: 1, most: 64 },
    { name: "n_text_layer", value: model.textLayers, least: 1, most: 64 },
  ];
}
