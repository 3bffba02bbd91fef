/**
 * A caller behind Asterisk who says what a test wants when it wants it, and whose recorder runs: one
 * end of a local channel is the person, the other one dials the line, so that it can be transferred.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../end-to-end/eventually.ts";
import type { Asterisk } from "./asterisk.ts";
import type { OriginatedCall } from "./asterisk-call.ts";
import { numbers } from "./asterisk-config.ts";
import { narrowHz } from "./sounds.ts";

export interface CallerOptions {
  /** Whom they call. */
  readonly number: string;
  /** Sound of the department that they may be transferred to; from `storeSound`. */
  readonly department?: string;
}

/** Longer than any call of these tests. */
const quietS = 120;
/** In front of the samples; Asterisk writes the length when the recording is over. */
const wavHeadBytes = 44;
const lengthAt = 40;

export class AsteriskCaller {
  readonly call: OriginatedCall;
  readonly #pbx: Asterisk;
  readonly #recording: string;

  private constructor(pbx: Asterisk, call: OriginatedCall, recording: string) {
    this.#pbx = pbx;
    this.call = call;
    this.#recording = recording;
  }

  /** Resolves when the call is on its way; the caller is silent for now. */
  static async dial(pbx: Asterisk, options: CallerOptions): Promise<AsteriskCaller> {
    const { number, department = "" } = options;
    const quiet = pbx.storeSound("quiet", new Float32Array(quietS * narrowHz), narrowHz);
    const recording = join(pbx.folder, "recordings", crypto.randomUUID());
    const call = await pbx.originate({
      channel: `Local/${numbers.converse}@default/n`,
      number,
      variables: { RECORD: recording, QUIET: quiet, DEPARTMENT: department },
    });
    await call.answered();
    return new AsteriskCaller(pbx, call, recording);
  }

  /** Says a sound from `storeSound`, whatever they are saying now, and is silent then. */
  async say(sound: string): Promise<void> {
    const Channel = this.#person();
    const { manager } = this.#pbx;
    await manager.act({ Action: "Setvar", Channel, Variable: "SPEECH", Value: sound });
    const place = { Context: "default", Exten: numbers.say, Priority: "1" };
    await manager.act({ Action: "Redirect", Channel, ...place });
  }

  async hangUp(): Promise<void> {
    await this.call.hangUp();
  }

  /** The recording of what they heard, complete; the call must be over, or about to be. */
  async recorded(): Promise<string> {
    await this.call.ended();
    const path = `${this.#recording}-heard.wav`;
    await eventually({
      what: `${path} to be complete`,
      probe: () => existsSync(path) && isComplete(readFileSync(path)),
    });
    return path;
  }

  /** Name of the other end of the local channel. */
  #person(): string {
    return this.call.channel.replace(/;1$/, ";2");
  }
}

function isComplete(file: Buffer): boolean {
  return file.length > wavHeadBytes && file.readUInt32LE(lengthAt) > 0;
}
