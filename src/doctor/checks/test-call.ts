/** `--call`: a call through the services that run, from sound to text and back to sound. */
import type { Check } from "../check-runner.ts";
import { type Finding, skipped } from "../finding.ts";
import { memberOf, type ServiceStatus } from "../service-statuses.ts";
import type { Surroundings } from "../surroundings.ts";
import { placeTestCall } from "../test-call.ts";
import { judgeTestCall } from "../test-call-verdict.ts";

export const testCallCheck: Check<Surroundings> = {
  name: "call",
  title: "Test call",
  limitMs: 75_000,
  isHeavy: true,
  async run({ statuses, stateFolder, clock }, signal): Promise<readonly Finding[]> {
    const whisperPort = whisperPortIn(statuses);
    if (whisperPort === undefined)
      return [skipped("no whisper service runs that could hear a call")];
    return judgeTestCall(await placeTestCall({ stateFolder, whisperPort, clock, signal }));
  },
};

/** The port that it listens on, which may be another one than configured. */
function whisperPortIn(statuses: readonly ServiceStatus[]): number | undefined {
  const whisper = statuses.find(
    ({ service, status }) => service === "whisper" && status !== undefined,
  );
  const address = memberOf(whisper?.status, "registration")["address"];
  const port = typeof address === "string" ? /:(\d{1,5})$/.exec(address)?.[1] : undefined;
  return port === undefined ? undefined : Number(port);
}
