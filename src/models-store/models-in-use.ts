/** Which model files the running whisper services hold. */
import { readStatuses } from "../services/status-socket.ts";

/**
 * Paths, with `builtIn` for a service that hears with the model inside the executable; one that does not
 * answer cannot be asked, and counts as using none.
 */
export async function modelsInUse(
  stateFolder: string,
  builtIn: string,
): Promise<readonly string[]> {
  const texts = await readStatuses(stateFolder, "whisper").catch(() => []);
  return texts.flatMap((text) => modelPathIn(text) ?? (hasBuiltIn(text) ? builtIn : []));
}

/** The status names the file and, behind it in brackets, what it is. */
export function modelPathIn(statusText: string): string | undefined {
  const name = /"model":\{"name":("(?:[^"\\]|\\.)*")/.exec(statusText)?.[1];
  if (name === undefined) return undefined;
  const text: unknown = JSON.parse(name);
  return typeof text === "string" ? /^(\/.*) \([^()]*\)$/.exec(text)?.[1] : undefined;
}

/** As `recognition.ts` calls it. */
function hasBuiltIn(statusText: string): boolean {
  return statusText.includes('"model":{"name":"demo"');
}
