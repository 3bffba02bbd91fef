/** Where models lie here and where they come from, as the environment says it: pure. */
import type { UserFacts } from "../config/paths.ts";
import { defaultModelFolder } from "./model-folder.ts";
import { checkMirror, publicModelPlace } from "./model-source.ts";

export interface ModelPlaces {
  readonly folder: string;
  /** Address of the folder on the server. */
  readonly source: string;
  /** It is not the public one. */
  readonly isMirror: boolean;
}

/** The same variables as of `wildfire models`. Throws a WildfireError("usage") for a mirror that is none. */
export function modelPlaces(user: UserFacts): ModelPlaces {
  const { env } = user;
  const folder = env["WILDFIRE_MODELS_DIR"] || defaultModelFolder(user);
  const mirror = env["WILDFIRE_MODELS_MIRROR"] || env["WILDFIRE_MODEL_MIRROR"] || "";
  if (mirror === "") return { folder, source: publicModelPlace, isMirror: false };
  return { folder, source: checkMirror(mirror), isMirror: true };
}
