/** The demo model with one token more, by which whisper.cpp knows models of many languages. */
import { demoModel } from "./speech-under-test.ts";

const embedding = "decoder.token_embedding.weight";
/** The first special token of an English-only model; with one more before it, all move up by one. */
const endOfText = 50_256;
/** q8_0. */
const blockElements = 32;
const blockBytes = 34;

/**
 * Hears what the demo model hears, but its prompt is longer: language and task are in it, with
 * tokens that it was never taught.
 */
export function multilingualDemo(): Uint8Array {
  const model = demoModel();
  const view = new DataView(model.buffer);
  const state = view.getInt32(7 * 4, true);
  view.setInt32(4, view.getInt32(4, true) + 1, true);
  const nameAt = Buffer.from(model.buffer).indexOf(embedding);
  const rowsAt = nameAt - 4;
  view.setInt32(rowsAt, view.getInt32(rowsAt, true) + 1, true);
  const rowBytes = (state / blockElements) * blockBytes;
  const insertAt = nameAt + embedding.length + endOfText * rowBytes;
  const row = model.subarray(insertAt - rowBytes, insertAt);
  return Buffer.concat([model.subarray(0, insertAt), row, model.subarray(insertAt)]);
}
