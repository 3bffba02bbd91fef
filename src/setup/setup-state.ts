/** What setup asks for, as data: how it is now and how it shall be have the same form. */

/** An extension of a PBX. */
export interface LineState {
  readonly user: string;
  /** What follows the @: `HOST[:PORT][;transport=tls]`. */
  readonly pbx: string;
  readonly password: string | undefined;
}

export interface CallsState {
  /** The first line; further ones stay behind it, and go where no line is wanted. */
  readonly line: LineState | undefined;
  /** `HOST:PORT`, where Asterisk connects. */
  readonly audiosocket: string | undefined;
}

export interface BrainState {
  readonly backend: "echo" | "openai";
  /** Address and model are kept while the echo answers. */
  readonly url: string | undefined;
  readonly model: string;
  readonly key: string | undefined;
}

export interface VoiceState {
  readonly engine: "builtin" | "openai-speech";
  readonly url: string | undefined;
  /** Of the speech server. */
  readonly model: string;
  /** Undefined: the first one of the engine. */
  readonly voice: string | undefined;
  readonly key: string | undefined;
}

export interface EarsState {
  /** A file; undefined is the demo model inside the executable. */
  readonly model: string | undefined;
}

export interface PageState {
  readonly passwordHash: string | undefined;
  readonly bind: string;
  readonly port: number;
  /** Served by https. */
  readonly isSecure: boolean;
}

export interface SetupState {
  readonly calls: CallsState;
  readonly brain: BrainState;
  readonly voice: VoiceState;
  readonly ears: EarsState;
  readonly page: PageState;
}

/** As the configuration writes a line. */
export function lineText({ user, pbx }: Pick<LineState, "user" | "pbx">): string {
  return `${user}@${pbx}`;
}
