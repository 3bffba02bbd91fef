/** What belongs to a line of the configuration: its password, and how the PBX is reached. */
import { passwordFor } from "../call/sip/registration/line-password.ts";
import { parseLine } from "../call/sip/registration/sip-line.ts";
import type { TlsSettings } from "../call/sip/transport/sip-transport.ts";
import type { Environment } from "../config/config-effective.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { type Configured, textOf, valueOf } from "../doctor/configured.ts";
import { serviceSecrets } from "../services/service-secrets.ts";

export interface LineSettings {
  readonly password: string | undefined;
  readonly bind: string | undefined;
  readonly tls: TlsSettings;
}

/**
 * `line` as it stands in `[sip]`: for another one there is no password, since what was told for one PBX
 * goes to no other. Throws a WildfireError for a file that is named and cannot be read.
 */
export async function lineSettings(
  { effective, secrets }: Configured,
  line: string,
  env: Environment,
): Promise<LineSettings> {
  const caPath = textOf(effective, "sip", "tls-ca");
  const ca = caPath === undefined ? undefined : await readText(caPath, "tls-ca");
  const verify = valueOf(effective, "sip", "tls-insecure") !== true;
  const bind = textOf(effective, "sip", "sip-bind");
  const lines = valueOf(effective, "sip", "line");
  const isKnown = typeof lines === "object" && lines.includes(line);
  const parsed = parseLine(line);
  if (!isKnown || !parsed.ok) return { password: undefined, bind, tls: { ca, verify } };
  const path = textOf(effective, "sip", "password-file");
  const file = path === undefined ? undefined : await readText(path, "password-file");
  const kept = serviceSecrets({ service: "sip", secrets, lines: [line], env }).env;
  const found = passwordFor(parsed.line, { ...env, ...kept }, file);
  return { password: found.ok ? found.password : undefined, bind, tls: { ca, verify } };
}

async function readText(path: string, key: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch (error) {
    throw new WildfireError("config", `[sip] ${key} ${quote(path, 100)} cannot be read`, {
      cause: error,
      hint: "check name and rights",
    });
  }
}
