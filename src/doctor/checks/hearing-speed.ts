/** How fast this processor recognises three seconds of speech with the configured model. */
import { hearingOptions } from "../../services/hearing-options.ts";
import { tryHearing } from "../../tries/hearing-trial.ts";
import type { Check } from "../check-runner.ts";
import { sectionValues } from "../configured.ts";
import type { Surroundings } from "../surroundings.ts";

export const hearingSpeedCheck: Check<Surroundings> = {
  name: "speed",
  title: "Recognition speed",
  limitMs: 100_000,
  isHeavy: true,
  async run({ configured, clock, statuses }, signal) {
    const values = sectionValues(configured.effective, "whisper", hearingOptions);
    const sip = statuses.find(({ service }) => service === "sip")?.status?.["current"];
    const { level, seen, fix } = await tryHearing({
      modelPath: values.model,
      language: values.language,
      threads: values.threads,
      useGpu: !values["no-gpu"],
      callsUp: Array.isArray(sip) ? sip.length : 0,
      clock,
      signal,
    });
    return [{ level, seen, ...(fix === undefined ? {} : { fix }) }];
  },
};
