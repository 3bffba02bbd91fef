/** The state folder of this process when nobody named one. */
import { homedir, tmpdir } from "node:os";
import { defaultStateFolder } from "../config/paths.ts";

export function currentStateFolder(): string {
  return defaultStateFolder({
    env: process.env,
    home: homedir(),
    userId: process.getuid?.() ?? 0,
    temporaryFolder: tmpdir(),
  });
}
