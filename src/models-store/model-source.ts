/** Where models are downloaded from, and what their server says of a file before it is downloaded: pure. */
import { hideCredentials } from "../config/hidden-credentials.ts";
import { quote, WildfireError } from "../core/errors.ts";

/** The place where whisper.cpp publishes its models. */
export const publicModelPlace = "https://huggingface.co/ggerganov/whisper.cpp/resolve/main";

/** What the server says of a file. */
export interface ToldFile {
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly bytes: number | undefined;
}

/** Throws a WildfireError("usage") for an address that is none. */
export function checkMirror(text: string): string {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return text.replace(/\/+$/, "");
  throw new WildfireError(
    "usage",
    `mirror ${quote(hideCredentials(text), 100)} is no address of a folder`,
    {
      hint: "write it like https://mirror.example/whisper",
    },
  );
}

export function fileUrl(place: string, file: string): string {
  return `${place}/${encodeURIComponent(file)}`;
}

/**
 * Where the hash of a file stands: servers that keep large files by Git LFS show the pointer of
 * `…/resolve/…` under `…/raw/…`; a plain folder has a file with `.sha256` behind its name.
 */
export function hashUrl(place: string, file: string): string {
  const url = fileUrl(place, file);
  return place.includes("/resolve/") ? url.replace("/resolve/", "/raw/") : `${url}.sha256`;
}

const maxToldChars = 4096;
const pointerForm = /^oid sha256:([0-9a-f]{64})$/m;
const pointerSizeForm = /^size (\d{1,15})$/m;
/** As `sha256sum` writes it, or the hash alone. */
const sumForm = /^\s*([0-9a-f]{64})(?:\s|$)/i;

/** Undefined for a text that tells no hash. */
export function parseToldFile(text: string): ToldFile | undefined {
  if (text.length > maxToldChars) return undefined;
  const pointed = pointerForm.exec(text)?.[1];
  if (pointed !== undefined) {
    const size = pointerSizeForm.exec(text)?.[1];
    return { sha256: pointed, bytes: size === undefined ? undefined : Number(size) };
  }
  const summed = sumForm.exec(text)?.[1];
  return summed === undefined ? undefined : { sha256: summed.toLowerCase(), bytes: undefined };
}

/** Throws a WildfireError("usage"). */
export function checkSha256(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw new WildfireError("usage", `--sha256 ${quote(text, 80)} is no SHA-256`, {
    hint: "give the 64 hexadecimal digits",
  });
}

/** What the answer to a request for the rest of a file means, given how much is there already. */
export type RangeAnswer =
  | { readonly kind: "from"; readonly offset: number; readonly totalBytes: number | undefined }
  /** What is there is the whole file, or more than that. */
  | { readonly kind: "nothing-left"; readonly totalBytes: number | undefined }
  | { readonly kind: "refused" };

export interface AnswerHead {
  readonly status: number;
  readonly contentRange: string | null;
  readonly contentLength: string | null;
}

const rangeForm = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/;
const unsatisfiedForm = /^bytes \*\/(\d{1,15})$/;

/** `haveBytes` were asked to be skipped; a server that ignores that begins at 0 again. */
export function readRangeAnswer(head: AnswerHead, haveBytes: number): RangeAnswer {
  if (head.status === 200) {
    return { kind: "from", offset: 0, totalBytes: lengthOf(head.contentLength) };
  }
  if (head.status === 206) {
    const match = rangeForm.exec(head.contentRange ?? "");
    const offset = Number(match?.[1] ?? Number.NaN);
    return offset === haveBytes
      ? { kind: "from", offset, totalBytes: lengthOf(match?.[2]) }
      : { kind: "refused" };
  }
  if (head.status === 416) {
    const total = unsatisfiedForm.exec(head.contentRange ?? "")?.[1];
    return { kind: "nothing-left", totalBytes: lengthOf(total) };
  }
  return { kind: "refused" };
}

function lengthOf(text: string | null | undefined): number | undefined {
  return text !== null && text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
