/** What the pages can try, and with which values: those that are left out are the configured ones. */
import type { ChatTrial } from "../tries/chat-trial.ts";
import type { HearingTrial } from "../tries/hearing-trial.ts";
import type { LineTrial } from "../tries/line-trial.ts";
import type { FoundChatServer, FoundSpeechServer } from "../tries/local-servers.ts";
import type { VoiceTrial } from "../tries/voice-trial.ts";

export interface LineWish {
  readonly line?: string | undefined;
  readonly password?: string | undefined;
}

export interface ChatWish {
  readonly prompt?: string | undefined;
  /** System prompt; an empty one is that which counts where nobody wrote any. */
  readonly system?: string | undefined;
  readonly backend?: string | undefined;
  readonly url?: string | undefined;
  readonly model?: string | undefined;
  readonly key?: string | undefined;
  readonly temperature?: number | undefined;
}

export interface VoiceWish {
  readonly text?: string | undefined;
  readonly engine?: string | undefined;
  readonly url?: string | undefined;
  readonly model?: string | undefined;
  readonly voice?: string | undefined;
  readonly speed?: number | undefined;
  readonly language?: string | undefined;
  readonly key?: string | undefined;
}

export interface HearingWish {
  /** Path of a ggml file, or `demo`. */
  readonly model?: string | undefined;
}

/** What is told while a chat server answers. */
export interface ChatListener {
  text(delta: string): void;
  /** As it would be spoken. */
  clause(text: string): void;
}

/** A trial that may be made: nothing has begun yet. */
export type PlannedTrial<Result> = (signal: AbortSignal) => Promise<Result>;

export interface FoundServers {
  readonly chat: readonly FoundChatServer[];
  readonly speech: readonly FoundSpeechServer[];
}

/**
 * Each rejects with a WildfireError for values that cannot be right, and with a RequestError(403) for one
 * who may not have this server connect to an address or read a file that is not configured.
 */
export interface TryDesk {
  line(wish: LineWish, isAdmin: boolean): Promise<PlannedTrial<LineTrial>>;
  chat(wish: ChatWish, isAdmin: boolean, listener: ChatListener): Promise<PlannedTrial<ChatTrial>>;
  voice(wish: VoiceWish, isAdmin: boolean): Promise<PlannedTrial<VoiceTrial>>;
  hearing(wish: HearingWish, isAdmin: boolean): Promise<PlannedTrial<HearingTrial>>;
  servers(signal: AbortSignal): Promise<FoundServers>;
}
