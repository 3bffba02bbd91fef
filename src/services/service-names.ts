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

/** What `[services] run` may name; inbound and outbound are for one call each. */
export const runnableNames = ["whisper", "llama", "kokoro", "sip", "audiosocket", "web"] as const;

export type ServiceName = (typeof serviceNames)[number];
