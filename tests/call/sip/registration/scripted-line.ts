/** A registration with a stopped clock and a scripted registrar around it. */
import { DigestSession } from "../../../../src/call/sip/digest/digest-session.ts";
import {
  Registration,
  type RegistrationOptions,
} from "../../../../src/call/sip/registration/registration.ts";
import type { RegistrationStatus } from "../../../../src/call/sip/registration/registration-status.ts";
import { parseLine, type SipLine } from "../../../../src/call/sip/registration/sip-line.ts";
import { FakeClock } from "../../../fakes/fake-clock.ts";
import { createMemoryLog, type MemoryLog } from "../../../fakes/memory-log.ts";
import { address, countingBytes, sipUri } from "../digest/challenged.ts";
import { ScriptedRegistrar, settle } from "./scripted-registrar.ts";

export interface ScriptedLine {
  readonly clock: FakeClock;
  readonly registrar: ScriptedRegistrar;
  readonly registration: Registration;
  readonly log: MemoryLog;
  readonly changes: RegistrationStatus[];
  /** Lets time pass in small steps, and what was sent be answered on the way. */
  readonly advance: (ms: number) => Promise<void>;
  /** Starts it and lets it come to rest. */
  readonly start: () => Promise<void>;
}

export function line(text = "100@pbx.example"): SipLine {
  const parsed = parseLine(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.line;
}

export function scriptedLine(
  text?: string,
  overrides: Partial<RegistrationOptions> = {},
): ScriptedLine {
  const clock = new FakeClock();
  const registrar = new ScriptedRegistrar(clock);
  const log = createMemoryLog(clock);
  const changes: RegistrationStatus[] = [];
  const sipLine = line(text);
  const registration = new Registration({
    line: sipLine,
    digest: new DigestSession({
      user: sipLine.authUser,
      password: "secret",
      randomBytes: countingBytes(),
    }),
    sender: registrar,
    contactFor: (flow) => address(sipUri("100", flow.local.address, flow.local.port)),
    clock,
    log: log.log,
    random: () => 0.5,
    randomBytes: countingBytes(),
    onChange: (status) => changes.push(status),
    ...overrides,
  });
  const advance = async (ms: number): Promise<void> => {
    const stepMs = 100;
    await settle();
    for (let goneMs = 0; goneMs < ms; goneMs += stepMs) {
      clock.advance(Math.min(stepMs, ms - goneMs));
      await settle();
    }
  };
  const start = async (): Promise<void> => {
    registration.start();
    await settle();
  };
  return { clock, registrar, registration, log, changes, advance, start };
}
