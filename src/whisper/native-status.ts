/** Status codes of shim/wildfire-native.h, and what they mean for people. */

/** `enum wf_status`. */
export const nativeStatus = {
  ok: 0,
  argument: -1,
  structSize: -2,
  handle: -3,
  notReady: -4,
  closing: -5,
  queueFull: -6,
  notFound: -7,
  capacity: -8,
  aborted: -9,
  model: -10,
  decode: -11,
  memory: -12,
  internal: -13,
} as const;

const statusTexts: Readonly<Record<number, string>> = {
  [nativeStatus.argument]: "a value is out of range",
  [nativeStatus.structSize]: "a struct has another size than the library was built with",
  [nativeStatus.handle]: "there is no such engine or voice detector",
  [nativeStatus.notReady]: "the model is not loaded",
  [nativeStatus.closing]: "the engine or voice detector is being closed",
  [nativeStatus.queueFull]: "too much is waiting",
  [nativeStatus.notFound]: "there is no such job or stream",
  [nativeStatus.capacity]: "the buffer is too small",
  [nativeStatus.aborted]: "the job was aborted",
  [nativeStatus.model]: "the model could not be loaded",
  [nativeStatus.decode]: "whisper.cpp reported failure",
  [nativeStatus.memory]: "out of memory",
  [nativeStatus.internal]: "unexpected exception",
};

/** What a negative status means, for people. */
export function describeStatus(status: number): string {
  return `${statusTexts[status] ?? "unknown status"} (native status ${status})`;
}
