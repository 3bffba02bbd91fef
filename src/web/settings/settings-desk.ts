/** What pages and routes know of the configuration, and how they change it. Nothing here holds a secret. */
import type { OptionValue } from "../../config/options.ts";

export interface SettingsDesk {
  /** Never rejects for a file that is broken or missing: what is wrong stands in `problems`. */
  view(): Promise<SettingsView>;
  /**
   * All or nothing, then the supervisor is told. Rejects with a WildfireError when the files cannot be
   * written, or were changed by somebody else since `revision`.
   */
  change(change: SettingsChange): Promise<SettingsOutcome>;
}

export interface SettingsView {
  readonly path: string;
  readonly secretsPath: string;
  /** False: it is made with the first change. */
  readonly isThere: boolean;
  /** Of the file as it was read; a change that names another one is refused. */
  readonly revision: string;
  /** In the order of the schema. */
  readonly sections: readonly SettingsSection[];
  readonly secrets: readonly SecretSetting[];
  /** Of both files and of the environment. */
  readonly problems: readonly SettingsProblem[];
  /** Names of the services that are to run. */
  readonly run: readonly string[];
}

export interface SettingsSection {
  readonly name: string;
  readonly summary: string;
  readonly settings: readonly Setting[];
}

export interface Setting {
  readonly key: string;
  readonly kind: "boolean" | "string" | "list" | "integer" | "number";
  readonly help: string;
  /** How the help names a value: `PORT`; empty for booleans. */
  readonly valueName: string;
  readonly choices: readonly string[] | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** What counts when nobody sets it. */
  readonly fallback: OptionValue | undefined;
  /** What counts now; a part that looked like a password is left out. */
  readonly value: OptionValue | undefined;
  /** Something was left out of `value`. */
  readonly isShortened: boolean;
  readonly origin: SettingOrigin;
}

/** What stands in the environment wins over the file and cannot be changed from here. */
export type SettingOrigin =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly line: number | undefined }
  | { readonly kind: "environment"; readonly variable: string };

export interface SecretSetting {
  /** `llama-key`, or `line.200@pbx` for the password of a line. */
  readonly name: string;
  readonly isSet: boolean;
  /** For people: the file, a variable or a credential; undefined where nothing is set. */
  readonly source: string | undefined;
  /** False when it comes from elsewhere than the file of secrets. */
  readonly canChange: boolean;
}

export interface SettingsProblem {
  /** For people: which file, or `environment`. */
  readonly place: string;
  readonly line: number | undefined;
  readonly section: string | undefined;
  readonly key: string | undefined;
  readonly message: string;
  readonly hint: string | undefined;
}

export interface SettingsChange {
  readonly changes: readonly SettingChange[];
  readonly secrets: readonly SecretChange[];
  /** Of the view that the changes were made from; undefined does not look. */
  readonly revision?: string | undefined;
  /** Of whoever makes it: a page that is seen from there must not become one that is not. */
  readonly fromAddress?: string | undefined;
}

export interface SettingChange {
  readonly section: string;
  readonly key: string;
  /** As a form has it: texts of numbers and booleans will do. Undefined: the default counts again. */
  readonly value: OptionValue | undefined;
}

export interface SecretChange {
  /** As in `SecretSetting`; besides these `web-password`, whose hash is kept. */
  readonly name: string;
  /** Undefined forgets it. */
  readonly value: string | undefined;
  /** Takes what is kept under this name instead of a value: the line is called otherwise now. */
  readonly from?: string | undefined;
}

/** What is wrong with a field: nothing was saved. */
export interface FieldProblem {
  /** `llama.model`, or `secret.llama-key`. */
  readonly field: string;
  readonly message: string;
  readonly hint: string | undefined;
}

export type SettingsOutcome =
  | { readonly kind: "refused"; readonly problems: readonly FieldProblem[] }
  | {
      readonly kind: "saved";
      /** For people, in sentences: what was saved, and what it did. */
      readonly message: string;
      /** False: it is in the file, and counts from the next start on. */
      readonly isApplied: boolean;
      readonly applied: AppliedChange;
      /** The service of this page starts again: it is away for a moment. */
      readonly restartsPage: boolean;
      /** Where the page is from then on; undefined where it stays. */
      readonly newAddress?: string | undefined;
      readonly revision: string;
    };

/** Names of services. */
export interface AppliedChange {
  readonly started: readonly string[];
  readonly stopped: readonly string[];
  readonly restarted: readonly string[];
  /** They took it while they run. */
  readonly reloaded: readonly string[];
  /** They go on as they were, since something is wrong for them. */
  readonly refused: readonly { readonly service: string; readonly reason: string }[];
  /** Keys that ask nothing of a service that runs. */
  readonly idle: readonly string[];
}
