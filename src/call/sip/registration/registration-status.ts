/** How the registration of one line is doing, for events, `wildfire status` and logs. */
import type { RegistrationState } from "./registration-states.ts";

export interface RegistrationStatus {
  /** USER@HOST */
  readonly line: string;
  readonly state: RegistrationState;
  readonly isRegistered: boolean;
  /** Where requests go now, for people. */
  readonly registrar: string;
  /** What the PBX granted last; null while not registered. */
  readonly grantedSeconds: number | null;
  /** Until the refresh or the next try; null while one is under way and when stopped. */
  readonly nextInMs: number | null;
  /** Why the last attempt failed, on one line; null when it did not. */
  readonly lastProblem: string | null;
  readonly attempts: number;
  readonly registeredSinceWallMs: number | null;
}
