/** Tokens for programs: each has a name and a role; the file holds their fingerprints, never themselves. */
import { writeFileAtomically } from "../config/atomic-file.ts";
import type { Clock } from "../core/clock.ts";
import { errnoOf } from "../core/errno.ts";
import { quote, WildfireError } from "../core/errors.ts";
import { parseRole, type Role } from "./roles.ts";
import { fingerprint, newSecret, type RandomBytes } from "./secret-tokens.ts";

export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** ISO 8601. */
  readonly created: string;
  /** ISO 8601; undefined: it stays until somebody deletes it. */
  readonly expires: string | undefined;
}

export interface NewToken {
  readonly name: string;
  readonly role: Role;
  /** Undefined: for ever. */
  readonly days?: number | undefined;
}

export interface ApiTokensOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

interface KeptToken extends ApiToken {
  readonly sha256: string;
}

const prefix = "wf_";
const maxTokens = 200;
const maxDays = 3650;
const dayMs = 24 * 3600 * 1000;
const fileMode = 0o600;
const nameForm = /^[\w .@-]{1,60}$/;

export class ApiTokens {
  readonly #options: ApiTokensOptions;
  #tokens: readonly KeptToken[];
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(options: ApiTokensOptions, tokens: readonly KeptToken[]) {
    this.#options = options;
    this.#tokens = tokens;
  }

  /** Throws a WildfireError("state") for a file that cannot be read: no token must be forgotten silently. */
  static async open(options: ApiTokensOptions): Promise<ApiTokens> {
    return new ApiTokens(options, await readTokens(options.path));
  }

  /** Without their fingerprints. */
  list(): readonly ApiToken[] {
    return this.#tokens.map(({ id, name, role, created, expires }) => ({
      id,
      name,
      role,
      created,
      expires,
    }));
  }

  /** False for one that was deleted or is over. */
  isValid(id: string): boolean {
    const token = this.#tokens.find((one) => one.id === id);
    return token !== undefined && !this.#isOver(token);
  }

  find(secret: string): ApiToken | undefined {
    if (!secret.startsWith(prefix)) return undefined;
    const sha256 = fingerprint(secret);
    const token = this.#tokens.find((one) => one.sha256 === sha256);
    return token === undefined || this.#isOver(token) ? undefined : token;
  }

  /** `secret` is shown once and kept nowhere. Throws a WildfireError("usage") for a name that cannot be. */
  async create({
    name,
    role,
    days,
  }: NewToken): Promise<{ readonly token: ApiToken; readonly secret: string }> {
    const { clock, randomBytes } = this.#options;
    if (!nameForm.test(name)) {
      throw new WildfireError("usage", `a token cannot be named ${quote(name)}`, {
        hint: "use up to 60 letters, digits, spaces and . @ _ -",
      });
    }
    if (days !== undefined && !(days > 0 && days <= maxDays)) {
      throw new WildfireError("usage", `a token cannot be valid for ${days} days`, {
        hint: `give 1 to ${maxDays} days, or none for ever`,
      });
    }
    if (this.#tokens.length >= maxTokens) {
      throw new WildfireError("state", `there are ${maxTokens} tokens already`, {
        hint: "delete one that is not used",
      });
    }
    const secret = prefix + newSecret(randomBytes);
    const nowMs = clock.wallMs();
    const created = new Date(nowMs).toISOString();
    const expires = days === undefined ? undefined : new Date(nowMs + days * dayMs).toISOString();
    const token = { id: randomBytes(6).toHex(), name, role, created, expires };
    await this.#change((tokens) => [...tokens, { ...token, sha256: fingerprint(secret) }]);
    return { token, secret };
  }

  /** False when there is no such token. */
  async remove(id: string): Promise<boolean> {
    if (!this.#tokens.some((token) => token.id === id)) return false;
    await this.#change((tokens) => tokens.filter((token) => token.id !== id));
    return true;
  }

  #isOver({ expires }: ApiToken): boolean {
    return expires !== undefined && this.#options.clock.wallMs() >= Date.parse(expires);
  }

  /** One after the other; what could not be written does not count. */
  async #change(edit: (tokens: readonly KeptToken[]) => readonly KeptToken[]): Promise<void> {
    const done = this.#writing.then(async () => {
      const tokens = edit(this.#tokens);
      const text = `${JSON.stringify({ tokens }, undefined, 2)}\n`;
      await writeFileAtomically({
        path: this.#options.path,
        text,
        mode: fileMode,
        forceMode: true,
      });
      this.#tokens = tokens;
    });
    this.#writing = done.catch(() => undefined);
    await done;
  }
}

async function readTokens(path: string): Promise<readonly KeptToken[]> {
  try {
    const value: unknown = JSON.parse(await Bun.file(path).text());
    const tokens = objectOf(value)["tokens"];
    if (!Array.isArray(tokens)) throw new SyntaxError("it has no list of tokens");
    return tokens.map(readToken);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw new WildfireError("state", `the tokens in ${quote(path, 200)} cannot be read`, {
      cause: error,
      hint: "repair the file, or remove it and make new tokens",
    });
  }
}

function readToken(value: unknown): KeptToken {
  const fields = objectOf(value);
  const [id, name, created, sha256] = ["id", "name", "created", "sha256"].map((key) => fields[key]);
  const role = parseRole(fields["role"]);
  const expires = fields["expires"];
  const areTexts =
    typeof id === "string" && typeof name === "string" && typeof created === "string";
  if (!areTexts || typeof sha256 !== "string" || role === undefined) {
    throw new SyntaxError("a token is not complete");
  }
  return { id, name, role, created, expires: readEnd(expires), sha256 };
}

/** What is no time would make it valid for ever. */
function readEnd(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" && !Number.isNaN(Date.parse(value))) return value;
  throw new SyntaxError("the end of a token is no time");
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
