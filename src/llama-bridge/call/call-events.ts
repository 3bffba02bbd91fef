/** What a call in the llama service tells to those who watch; private, like all events. */
import type { TurnStages } from "./turn-times.ts";

export type LlamaCallEvent =
  | { readonly kind: "began" }
  | { readonly kind: "transcript"; readonly text: string }
  /** A short sound while the agent spoke, which is no turn. */
  | { readonly kind: "back-channel"; readonly text: string }
  | { readonly kind: "asked"; readonly turn: number; readonly messages: number }
  | { readonly kind: "clause"; readonly turn: number; readonly text: string }
  | {
      readonly kind: "answered";
      readonly turn: number;
      /** 0, and one more for each round of tools. */
      readonly round: number;
      readonly outcome: string;
      readonly firstTokenMs: number | undefined;
      readonly totalMs: number;
      readonly tokens: number;
      readonly tokensPerSecond: number;
      /** From the caller's first sound, as it was told, to the end of generating. */
      readonly cancelMs: number | undefined;
    }
  /** Where the time went until the agent was heard. */
  | ({ readonly kind: "turn"; readonly turn: number } & TurnStages)
  | {
      readonly kind: "heard";
      readonly turn: number;
      readonly characters: number;
      readonly isAll: boolean;
    }
  /** The model used a tool, also one that takes the caller away; both texts as the model has them. */
  | {
      readonly kind: "tool";
      readonly turn: number;
      readonly name: string;
      readonly arguments: string;
      /** `refused`: there is no such tool, or it cannot be called like that. */
      readonly outcome: "result" | "failed" | "refused";
      readonly text: string;
      readonly tookMs: number;
    }
  | { readonly kind: "resumed"; readonly turn: number; readonly characters: number }
  | { readonly kind: "ended" };
