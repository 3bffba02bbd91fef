/** What tests of access change: a whisper that a supervisor restarts. */
import type { WebRig } from "./web-rig.ts";

export const restart = "/api/v1/services/whisper/restart";

/** A supervisor that has whisper. */
export function playSupervisor(rig: WebRig): string[] {
  const asked: string[] = [];
  rig.play("supervisor", {
    describe: () => ({ services: [{ name: "whisper", state: "ready", health: "good", pid: 7 }] }),
    async command(name, fields) {
      asked.push(`${name} ${String(fields["service"])}`);
      return { name: fields["service"], state: "stopping" };
    },
  });
  return asked;
}
