/** Who may do what: three roles, each of which may do what the one before may. */

export const roles = ["viewer", "operator", "admin"] as const;

/** `viewer` reads, also what callers say; `operator` steers services; `admin` settles who may. */
export type Role = (typeof roles)[number];

/** `nobody`: also who did not say who they are. */
export type LeastRole = Role | "nobody";

export function isAtLeast(role: Role, least: LeastRole): boolean {
  return least === "nobody" || roles.indexOf(role) >= roles.indexOf(least);
}

export function parseRole(text: unknown): Role | undefined {
  return roles.find((role) => role === text);
}

/** Whoever makes a request. */
export interface Principal {
  /** For the audit log: `local`, `password` or the name of a token. */
  readonly name: string;
  readonly role: Role;
  /** `local`: from this machine, where no password is set. */
  readonly by: "local" | "session" | "token";
  /** What a page of this server must send along to change something; tokens need none. */
  readonly csrfToken: string | undefined;
}
