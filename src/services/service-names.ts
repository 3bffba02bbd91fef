/** The services that `--service NAME` runs, in the order in which a call meets them. */
export const serviceNames = [
  "whisper",
  "inbound",
  "outbound",
  "sip",
  "audiosocket",
  "llama",
  "kokoro",
  "web",
] as const;

export type ServiceName = (typeof serviceNames)[number];
