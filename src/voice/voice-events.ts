/** What happens in the voice of one call, for those who watch. Private: the texts are in it. */

export type VoiceEvent =
  /** The first text of the call has come. */
  | { readonly kind: "began" }
  /** Told of calls that began. */
  | { readonly kind: "ended" }
  | {
      /** The LLaMA sent it. */
      readonly kind: "text";
      readonly number: number;
      readonly characters: number;
      readonly text: string;
    }
  | {
      /** The first sound of a text left, so long after the text had come. */
      readonly kind: "speaking";
      readonly number: number;
      readonly voiceMs: number;
      readonly engine: string;
    }
  | {
      /** As it is told to the LLaMA. */
      readonly kind: "heard";
      readonly number: number;
      readonly samples: number;
      readonly of: number;
      readonly voiceMs: number;
      readonly waitMs: number;
    }
  | {
      /** The caller spoke over the reply, or before it. */
      readonly kind: "interrupted";
      readonly unheardMs: number;
      /** Undefined when nothing of the reply had been handed on. */
      readonly number: number | undefined;
      /** What was heard of that text, as far as it can be told. */
      readonly heard: string;
    }
  | {
      /** It came while the caller spoke, and is not spoken. */
      readonly kind: "late";
      readonly number: number;
    }
  | {
      /** All was said, and by the pace of speech has been heard. */
      readonly kind: "drained";
    };

/** Which call an event belongs to; `key` is unique for the life of the service, unlike the id. */
export interface VoiceCallName {
  readonly callId: string;
  readonly key: string;
}
