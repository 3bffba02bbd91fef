/** The head of a WAV file of G.711 µ-law, which browsers play and our reader understands. */

/** Format, fact and data chunk; the sound follows. */
export const muLawHeaderBytes = 58;

export interface MuLawWav {
  readonly rateHz: number;
  readonly channels: number;
  /** Of sound: a byte for each sample of each channel. */
  readonly bytes: number;
}

const muLawTag = 7;
const maxBytes = 0xffff_ffff - muLawHeaderBytes;

/** To be written anew when the sound has grown. */
export function encodeMuLawHeader({ rateHz, channels, bytes }: MuLawWav): Uint8Array {
  const header = new Uint8Array(muLawHeaderBytes);
  const view = new DataView(header.buffer);
  const dataBytes = Math.min(bytes, maxBytes);
  header.set(ascii("RIFF"), 0);
  view.setUint32(4, muLawHeaderBytes - 8 + dataBytes, true);
  header.set(ascii("WAVEfmt "), 8);
  view.setUint32(16, 18, true);
  view.setUint16(20, muLawTag, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, rateHz * channels, true);
  view.setUint16(32, channels, true);
  view.setUint16(34, 8, true);
  // No extension: two bytes of zero at 36.
  header.set(ascii("fact"), 38);
  view.setUint32(42, 4, true);
  view.setUint32(46, Math.floor(dataBytes / channels), true);
  header.set(ascii("data"), 50);
  view.setUint32(54, dataBytes, true);
  return header;
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
