/** `wildfire --version`: everything that distinguishes one build from another, a line each. */
import { selectedCpu } from "../services/recognition.ts";
import { versionInfo } from "../version.ts";

export async function version(): Promise<number> {
  const info = versionInfo();
  const lines = [
    `wildfire ${info.version}`,
    `commit   ${info.commit} (${info.commitDate})`,
    `bun      ${info.bun}`,
    `whisper  whisper.cpp ${info.whisper}`,
    `target   ${info.target}`,
    `cpu      ${await selectedCpu()}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return 0;
}
