/** Where files live when nobody said: pure, from the environment and the user. */

export interface UserFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Home folder from the user database; empty when there is none. */
  readonly home: string;
  readonly userId: number;
  readonly temporaryFolder: string;
}

/** State folder: systemd's, XDG's, /var/lib for root, the home folder, and last the temporary one. */
export function defaultStateFolder(user: UserFacts): string {
  const { env } = user;
  const systemd = env["STATE_DIRECTORY"]?.split(":")[0];
  if (systemd !== undefined && systemd !== "") return systemd;
  if (env["XDG_STATE_HOME"]?.startsWith("/") === true) return `${env["XDG_STATE_HOME"]}/wildfire`;
  if (user.userId === 0) return "/var/lib/wildfire";
  const home = env["HOME"] ?? user.home;
  if (home.startsWith("/") && home !== "/" && home !== "/nonexistent") {
    return `${home}/.local/state/wildfire`;
  }
  return `${user.temporaryFolder}/wildfire-${user.userId}`;
}

/** Read when it exists and no --config was given. */
export const defaultConfigFile = "/etc/wildfire/wildfire.toml";
