/** Puts what was planned on disk: the secrets first, then the configuration that speaks of them. */
import { existsSync } from "node:fs";
import { chmod, chown, readFile, rm, stat } from "node:fs/promises";
import { writeFileAtomically } from "../config/atomic-file.ts";
import { editConfig, editSecrets, writeConfig } from "../config/config-edit.ts";
import type { ConfigSchema } from "../config/config-schema.ts";
import { type SetupPlan, valuesOfNewFile } from "./setup-plan.ts";
import type { Present } from "./setup-present.ts";
import type { SetupState } from "./setup-state.ts";

export interface SetupWrite {
  readonly present: Present;
  readonly schema: ConfigSchema;
  readonly plan: SetupPlan;
  readonly next: SetupState;
}

/** Both files or none; throws a WildfireError("config"). */
export async function writeSetup({ present, schema, plan, next }: SetupWrite): Promise<void> {
  const { path, secretsPath, isThere } = present;
  const before = await readIfThere(secretsPath);
  if (plan.secrets.length > 0) await editSecrets(secretsPath, plan.secrets);
  try {
    if (isThere && before === undefined) await shareOwner(path, secretsPath);
    if (isThere) await editConfig(path, schema, plan.changes);
    else await writeConfig(path, schema, valuesOfNewFile(plan, next));
  } catch (error) {
    await putBack(secretsPath, before);
    throw error;
  }
}

/** The service that reads the configuration has to read new secrets too; only root can give them away. */
async function shareOwner(path: string, secretsPath: string): Promise<void> {
  const { uid, gid } = await stat(path);
  await chown(secretsPath, uid, gid).catch(() => undefined);
}

interface FileBefore {
  readonly text: string;
  readonly mode: number;
}

async function readIfThere(path: string): Promise<FileBefore | undefined> {
  if (!existsSync(path)) return undefined;
  return { text: await readFile(path, "utf8"), mode: (await stat(path)).mode & 0o777 };
}

/** As far as it can be done: why the configuration was not written is told in any case. */
async function putBack(path: string, before: FileBefore | undefined): Promise<void> {
  if (before === undefined) {
    await rm(path, { force: true }).catch(() => undefined);
    return;
  }
  await writeFileAtomically({ path, ...before }).catch(() => undefined);
  await chmod(path, before.mode).catch(() => undefined);
}
