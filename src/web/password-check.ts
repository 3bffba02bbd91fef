/** Compares a password with its argon2id hash: one at a time, since each takes 64 MB and a core. */
import { WildfireError } from "../core/errors.ts";

export const passwordVariable = "WILDFIRE_WEB_PASSWORD_HASH";

const argon2id = /^\$argon2id\$v=\d+\$m=(\d+),t=\d+,p=\d+\$[\w+/=-]+\$[\w+/=-]+$/;
/** A hash that asks for more than this would be an attack on ourselves. */
const maxMemoryKib = 1 << 20;
const maxPasswordCharacters = 1024;
const maxWaiting = 8;
/** Short ones are guessed, whatever they are made of. */
const minNewCharacters = 8;

export class PasswordCheck {
  readonly #hash: string;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  private constructor(hash: string) {
    this.#hash = hash;
  }

  /** Undefined where no password is set; throws a WildfireError("usage") for what is no such hash. */
  static from(hash: string | undefined): PasswordCheck | undefined {
    if (hash === undefined || hash === "") return undefined;
    const memory = argon2id.exec(hash)?.[1];
    if (memory !== undefined && Number(memory) <= maxMemoryKib) return new PasswordCheck(hash);
    // Not even its beginning is quoted: it may be the password itself.
    throw new WildfireError("usage", `${passwordVariable} holds no argon2id hash`, {
      hint: 'give what `wildfire setup` writes, which begins with "$argon2id$v=19$m=65536", not the password',
    });
  }

  /** The hash of a new password. Throws a WildfireError("usage") for one that is no good. */
  static async hash(password: string): Promise<string> {
    const { length } = password;
    if (length >= minNewCharacters && length <= maxPasswordCharacters) {
      return await Bun.password.hash(password, { algorithm: "argon2id" });
    }
    throw new WildfireError("usage", `a password of ${length} characters cannot be used`, {
      hint: `give ${minNewCharacters} to ${maxPasswordCharacters} characters`,
    });
  }

  /** Undefined when too many wait already. */
  async verify(password: string): Promise<boolean | undefined> {
    if (password.length > maxPasswordCharacters) return false;
    if (this.#waiting >= maxWaiting) return undefined;
    this.#waiting += 1;
    const verdict = this.#last.then(() => Bun.password.verify(password, this.#hash));
    this.#last = verdict.catch(() => undefined);
    try {
      return await verdict;
    } finally {
      this.#waiting -= 1;
    }
  }
}
