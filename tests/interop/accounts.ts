/** Who may register at the exchanges of these tests, and what each account asks of its telephone. */

export type Codec = "ulaw" | "alaw" | "g722";

export interface Account {
  /** User name, and the number to dial. */
  readonly user: string;
  readonly password: string;
  /** Digest algorithms of the challenges, strongest first. */
  readonly digests: readonly ("MD5" | "SHA-256")[];
  readonly codecs: readonly Codec[];
  /** SDES keys in the SDP, and no call without. */
  readonly isEncrypted: boolean;
  /** Longest registration that is granted. */
  readonly maxExpiryS: number;
  /** Provisional answers must be acknowledged, and the session must be refreshed. */
  readonly isStrict: boolean;
}

function account(user: string, differences: Partial<Account> = {}): Account {
  return {
    user,
    password: `secret-of-${user}`,
    digests: ["MD5"],
    codecs: ["ulaw", "alaw"],
    isEncrypted: false,
    maxExpiryS: 7_200,
    isStrict: false,
    ...differences,
  };
}

/** Software telephones and second parties. */
export const callers = { first: account("101"), second: account("102") } as const;

/** For Wildfire; one for each thing that an exchange may ask of it. */
export const lines = {
  md5: account("201"),
  sha256: account("202", { digests: ["SHA-256", "MD5"] }),
  sha256Only: account("203", { digests: ["SHA-256"] }),
  muLaw: account("204", { codecs: ["ulaw"] }),
  aLaw: account("205", { codecs: ["alaw"] }),
  wideband: account("206", { codecs: ["g722"] }),
  encrypted: account("207", { isEncrypted: true }),
  shortLived: account("208", { maxExpiryS: 10 }),
  strict: account("209", { isStrict: true }),
} as const;

export const allAccounts: readonly Account[] = [...Object.values(callers), ...Object.values(lines)];

/** With which the exchange introduces itself where it is asked to. */
export const trunk = account("trunk");
