/** Where a test call got stuck: each stage is judged only when the one before it worked. Pure. */
import { fault, type Finding, ok } from "./finding.ts";

export interface TestCallFacts {
  /** Undefined when the call did not end in time. */
  readonly inboundCode: number | undefined;
  /** The last thing that the inbound side said. */
  readonly inboundWords: string;
  /** Texts that came back from whisper. */
  readonly transcripts: number;
  readonly llamaTexts: number;
  /** Clauses that the LLaMA gave to the voice. */
  readonly answers: number;
  readonly failedAnswer: string;
  readonly voiceTexts: number;
  /** Replies that began to sound. */
  readonly speaking: number;
  /** Voice that came to the caller. */
  readonly replyMs: number;
}

/** With whisper's port as it is configured, for the reader. */
export function judgeTestCall(facts: TestCallFacts): readonly Finding[] {
  return [judgeWay(facts)];
}

function judgeWay(facts: TestCallFacts): Finding {
  const { inboundCode, inboundWords, transcripts, llamaTexts, answers, voiceTexts, speaking } =
    facts;
  if (transcripts === 0) {
    const how = inboundCode === undefined ? "the call did not end" : inboundWords;
    const fix = "look at whisper: wildfire logs --service whisper";
    return fault(`whisper returned no transcript: ${how}`, fix);
  }
  const heard = `whisper heard ${transcripts} sentences`;
  if (llamaTexts === 0) {
    const fix = "do whisper's llama-host and llama-port lead to llama? wildfire status whisper";
    return fault(`${heard}, but none came to llama`, fix);
  }
  if (answers === 0) {
    const why = facts.failedAnswer === "" ? "" : `: ${facts.failedAnswer}`;
    return fault(
      `${heard}, but llama gave no answer${why}`,
      "see the line LLaMA above, and wildfire logs --service llama",
    );
  }
  if (voiceTexts === 0) {
    const fix = "do llama's out-host and out-port lead to kokoro? wildfire status llama";
    return fault("llama answered, but no text came to the voice", fix);
  }
  if (speaking === 0) {
    return fault("the voice got texts, but did not speak", "see wildfire logs --service kokoro");
  }
  if (facts.replyMs === 0) {
    const fix = "does kokoro's outbound-host lead to this host? see wildfire logs --service kokoro";
    return fault("the voice spoke, but the caller heard nothing", fix);
  }
  const seconds = (facts.replyMs / 1000).toFixed(1);
  return ok(`${heard}, llama answered, and the caller heard ${seconds} s of voice`);
}
