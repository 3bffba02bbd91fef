/** Where files live when nobody said: pure, from the environment and the user. */

export interface UserFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Home folder from the user database; empty when there is none. */
  readonly home: string;
  readonly userId: number;
  readonly temporaryFolder: string;
}

/** Of the service that belongs to the whole system, and of root. */
export const systemStateFolder = "/var/lib/wildfire";

/** Where that one logs; nobody who asks for its log by hand has systemd's variables. */
export const systemLogFolder = "/var/log/wildfire";

/** Log folder: systemd's, or the one that belongs to the state folder. */
export function defaultLogFolder(env: UserFacts["env"], stateFolder: string): string {
  const systemd = env["LOGS_DIRECTORY"]?.split(":")[0];
  if (systemd !== undefined && systemd !== "") return systemd;
  return stateFolder === systemStateFolder ? systemLogFolder : `${stateFolder}/logs`;
}

/** State folder: systemd's, XDG's, /var/lib for root, the home folder, and last the temporary one. */
export function defaultStateFolder(user: UserFacts): string {
  const { env } = user;
  const systemd = env["STATE_DIRECTORY"]?.split(":")[0];
  if (systemd !== undefined && systemd !== "") return systemd;
  if (env["XDG_STATE_HOME"]?.startsWith("/") === true) return `${env["XDG_STATE_HOME"]}/wildfire`;
  if (user.userId === 0) return systemStateFolder;
  const home = homeOf(user);
  if (home !== undefined) return `${home}/.local/state/wildfire`;
  return `${user.temporaryFolder}/wildfire-${user.userId}`;
}

/** Undefined for users that have none, as system users do. */
function homeOf({ env, home }: UserFacts): string | undefined {
  const folder = env["HOME"] ?? home;
  const isReal = folder.startsWith("/") && folder !== "/" && folder !== "/nonexistent";
  return isReal ? folder : undefined;
}

/** Read when it exists and no --config was given. */
export const defaultConfigFile = "/etc/wildfire/wildfire.toml";

export interface ConfigFileChoice {
  /** The value of --config. */
  readonly given: string | undefined;
  readonly user: UserFacts;
  /** Whether `defaultConfigFile` is there. */
  readonly hasDefault: boolean;
}

/** --config, WILDFIRE_CONFIG, the file of the whole system for root or when it is there, else the user's. */
export function chooseConfigFile({ given, user, hasDefault }: ConfigFileChoice): string {
  const { env } = user;
  // An empty one counts as none.
  const named = given || env["WILDFIRE_CONFIG"];
  if (named) return named;
  if (hasDefault || user.userId === 0) return defaultConfigFile;
  const folder = env["XDG_CONFIG_HOME"];
  if (folder?.startsWith("/") === true) return `${folder}/wildfire/wildfire.toml`;
  const home = homeOf(user);
  return home === undefined ? defaultConfigFile : `${home}/.config/wildfire/wildfire.toml`;
}

/** The secrets of a configuration stand beside it. */
export function secretsFileOf(configFile: string): string {
  const slash = configFile.lastIndexOf("/");
  return `${configFile.slice(0, slash + 1)}secrets.toml`;
}
