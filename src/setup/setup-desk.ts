/** What each question of setup has at hand: whom to ask, what can be tried, what is there now. */
import type { Finding } from "../doctor/finding.ts";
import type { MachineFacts } from "../models-store/machine-verdict.ts";
import type { StoredModel } from "../models-store/model-folder.ts";
import type { Prompter } from "./setup-prompter.ts";
import type { BrainState, EarsState, LineState, VoiceState } from "./setup-state.ts";

export interface FoundServer {
  readonly url: string;
  /** Such as `llama-server`; undefined where it does not say. */
  readonly software: string | undefined;
  /** Chat models, or voices. */
  readonly names: readonly string[];
}

/** Everything that can be tried; a finding says in words what came out, and does not reject. */
export interface SetupTrials {
  findChatServers(signal: AbortSignal): Promise<readonly FoundServer[]>;
  findSpeechServers(signal: AbortSignal): Promise<readonly FoundServer[]>;
  /** What a server offers that was not found but given; empty where it does not say. */
  chatModels(server: ServerAddress, signal: AbortSignal): Promise<readonly string[]>;
  speechVoices(server: ServerAddress, signal: AbortSignal): Promise<readonly string[]>;
  line(line: LineState, signal: AbortSignal): Promise<Finding>;
  audiosocket(listen: string, signal: AbortSignal): Promise<Finding>;
  brain(brain: BrainState, signal: AbortSignal): Promise<Finding>;
  voice(voice: VoiceState, signal: AbortSignal): Promise<Finding>;
  ears(ears: EarsState, signal: AbortSignal): Promise<Finding>;
}

export interface ServerAddress {
  readonly url: string;
  readonly key: string | undefined;
}

export interface PullRequest {
  /** Of a known model. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number | undefined) => void;
}

/** The whisper models of this machine. */
export interface SetupModels {
  readonly folder: string;
  machine(): Promise<MachineFacts>;
  stored(): Promise<readonly StoredModel[]>;
  /** The path of the file; rejects with a WildfireError. */
  pull(request: PullRequest): Promise<string>;
}

export interface SetupDesk {
  readonly prompter: Prompter;
  readonly trials: SetupTrials;
  readonly models: SetupModels;
  /** Of the built-in voice; the first one is the usual. */
  readonly builtinVoices: readonly string[];
  readonly hashPassword: (password: string) => Promise<string>;
  /** Shows the demonstration call. */
  readonly showDemo: () => Promise<void>;
}
