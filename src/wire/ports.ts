/** The ports of the wire protocol; those that belong to one call are these bases plus the call id. */

/** UDP, whisper listens: REGISTER and BYE of the inbound side. */
export const registrationPort = 13_000;

/** TCP, inbound listens on this plus the call id: the caller's audio. */
export const callerAudioBasePort = 9_001;

/** TCP, kokoro listens on this plus the call id: the audio of the reply. */
export const replyAudioBasePort = 9_002;

/** UDP, outbound listens on this plus the call id: "the reply audio can be fetched". */
export const readySignalBasePort = 13_000;

/** TCP, llama listens: transcripts; SPEECH and SILENCE come to the same number by UDP. */
export const transcriptPort = 8_083;

/** TCP, kokoro listens: the answers of the LLaMA. */
export const replyTextPort = 8_090;

/** UDP, kokoro listens: SPEECH and SILENCE, and what older outbound services send. */
export const voiceSignalPort = 13_001;

/** What a call's own ports are counted from. */
interface NumberedCall {
  readonly number: number;
}

/** TCP port on which the inbound side serves this call's audio. */
export function callerAudioPort(callId: NumberedCall): number {
  return callerAudioBasePort + callId.number;
}

/** TCP port on which kokoro serves the audio of this call's replies. */
export function replyAudioPort(callId: NumberedCall): number {
  return replyAudioBasePort + callId.number;
}

/** UDP port on which the outbound side hears that reply audio is ready. */
export function readySignalPort(callId: NumberedCall): number {
  return readySignalBasePort + callId.number;
}
