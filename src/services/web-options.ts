/** Options of the web service, and what is read from the files that they name. */
import type { OptionTable, OptionValues } from "../config/options.ts";
import { webOptions as pageOptions } from "../config/shared-sections.ts";
import { describeError, quote, WildfireError } from "../core/errors.ts";
import { passwordHint } from "../web/access.ts";
import { PasswordCheck, passwordVariable } from "../web/password-check.ts";
import { isLoopback } from "../web/request-origin.ts";
import { webhookDetails, webhookKinds } from "../webhooks/webhook-messages.ts";
import { browserCallOptions } from "./browser-call-options.ts";
import { commonOptions } from "./service.ts";

export const webServiceOptions = {
  ...pageOptions,
  "history-dir": {
    kind: "string",
    value: "DIR",
    help: "folder of the call history; without it that of [history], or history/ in the state folder",
  },
  ...browserCallOptions,
  ...commonOptions,
} as const satisfies OptionTable;

/** `[webhooks]`. */
export const webhookOptions = {
  url: {
    kind: "list",
    value: "URL",
    help: "where webhooks are sent to, by http or https",
  },
  kinds: {
    kind: "list",
    value: "KIND",
    choices: webhookKinds,
    default: webhookKinds,
    help: "what is sent",
  },
  include: {
    kind: "list",
    value: "WHAT",
    choices: webhookDetails,
    default: ["numbers"],
    help: "private data that is sent along: numbers and names of callers, words of callers and agent",
  },
  "spool-mb": {
    kind: "integer",
    value: "MB",
    min: 1,
    max: 10_000,
    default: 50,
    help: "what may wait on disk for receivers that do not answer; the oldest make room",
  },
} as const satisfies OptionTable;

const maxUrlCharacters = 2000;

/** What is wrong with an address, without what may be a secret in it; undefined when it can be used. */
export function webhookUrlProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || text.length > maxUrlCharacters) return "this is no address of a web server";
  if (/^https?:$/.test(url.protocol)) return undefined;
  return `${quote(url.protocol)} is not spoken here: give an address that begins with https:// or http://`;
}

export type WebValues = OptionValues<typeof webServiceOptions>;

type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined where none is set. Throws a WildfireError("usage") where one is needed and there is none. */
export function readPassword(
  { bind }: Pick<WebValues, "bind">,
  env: Environment,
): PasswordCheck | undefined {
  const password = PasswordCheck.from(env[passwordVariable]?.trim());
  if (password !== undefined || isLoopback(bind)) return password;
  throw new WildfireError(
    "usage",
    `--bind ${quote(bind)} shows the page to others, without a password`,
    {
      hint: `${passwordHint}, or leave --bind at 127.0.0.1`,
    },
  );
}

export type HttpsValues = Partial<Pick<WebValues, "tls" | "tls-cert" | "tls-key">>;

/** Without a word about it, files that are named are used. */
export function httpsKind(values: HttpsValues): string {
  const { cert, key } = certificateFiles(values);
  return values.tls ?? (cert === undefined && key === undefined ? "off" : "files");
}

/** An empty text is as good as none. */
export function certificateFiles({ "tls-cert": cert, "tls-key": key }: HttpsValues) {
  return { cert: cert === "" ? undefined : cert, key: key === "" ? undefined : key };
}

/** Both files or none. */
export async function readCertificate(
  values: HttpsValues,
): Promise<{ readonly cert: string; readonly key: string } | undefined> {
  const { cert, key } = certificateFiles(values);
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    const missing = cert === undefined ? "--tls-cert" : "--tls-key";
    throw new WildfireError("usage", `${missing} is missing`, {
      hint: "https needs a certificate and its private key",
    });
  }
  return { cert: await readPem(cert, "--tls-cert"), key: await readPem(key, "--tls-key") };
}

async function readPem(path: string, option: string): Promise<string> {
  const text = await Bun.file(path)
    .text()
    .catch((error: unknown) => {
      const what = `${option} ${quote(path, 100)} cannot be read: ${describeError(error)}`;
      throw new WildfireError("usage", what, { cause: error, hint: "check name and rights" });
    });
  if (/-----BEGIN [A-Z ]+-----/.test(text)) return text;
  throw new WildfireError("usage", `${option} ${quote(path, 100)} holds no PEM text`, {
    hint: "it begins with -----BEGIN CERTIFICATE----- or -----BEGIN PRIVATE KEY-----",
  });
}
