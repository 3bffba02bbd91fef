/**
 * The few lines of text behind which a program is measured, the same as those of baseline.c: for each
 * number on standard input so many utterances one after another, then the processor time since the
 * last report, in microseconds, and a digest of the texts.
 */

/** Hears one utterance, and resolves with its text. */
export type Hear = (count: number) => Promise<string>;

/** Answers until standard input ends. `hear` is told how many utterances there were before. */
export async function serveTurns(hear: Hear): Promise<void> {
  process.stdout.write("ready\n");
  let heard = 0;
  let reportedUs = cpuUs();
  for await (const line of console) {
    if (line === "") continue;
    let sum = 0;
    for (let left = Number(line); left > 0; left -= 1) {
      sum = (sum + digestOf(await hear(heard))) >>> 0;
      heard += 1;
    }
    const nowUs = cpuUs();
    process.stdout.write(`${nowUs - reportedUs} ${sum}\n`);
    reportedUs = nowUs;
  }
}

/** All threads of this process, in user and kernel mode. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** FNV-1a with 32 bits, as in baseline.c. */
function digestOf(text: string): number {
  let digest = 2_166_136_261;
  for (const byte of new TextEncoder().encode(text)) {
    digest = Math.imul(digest ^ byte, 16_777_619) >>> 0;
  }
  return digest;
}
