/** Asks a server for JSON of which only so much is read. */
import { readStart } from "../llama-bridge/chat/bounded-body.ts";

export type GotJson =
  | { readonly kind: "json"; readonly status: number; readonly value: unknown }
  /** It answered, and not with JSON. */
  | { readonly kind: "other"; readonly status: number }
  | { readonly kind: "away"; readonly error: unknown };

const maxBytes = 1 << 20;

/** Never rejects; follows no redirection, which might lead a key elsewhere. */
export async function getJson(
  url: string,
  key: string | undefined,
  signal: AbortSignal,
): Promise<GotJson> {
  try {
    const response = await fetch(url, {
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      keepalive: false,
      redirect: "manual",
      signal,
    });
    const { status } = response;
    const text = await readStart(response, maxBytes);
    try {
      const value: unknown = JSON.parse(text);
      return { kind: "json", status, value };
    } catch {
      return { kind: "other", status };
    }
  } catch (error) {
    return { kind: "away", error };
  }
}
