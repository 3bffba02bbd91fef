/** A call that Asterisk sets up on a test's behalf, followed by the events of its channel. */
import { eventually } from "../end-to-end/eventually.ts";
import type { ManagerConnection } from "./manager-connection.ts";
import type { ManagerMessage } from "./manager-messages.ts";

export interface OriginateOptions {
  /** `PJSIP/201`, or `PJSIP/open/sip:7@127.0.0.1:5090` for one that is not registered. */
  readonly channel: string;
  /** Where the call goes in the dial plan when the telephone has answered. */
  readonly number: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly callerId?: string;
}

export class OriginatedCall {
  readonly id: string;
  readonly #manager: ManagerConnection;

  private constructor(manager: ManagerConnection, id: string) {
    this.#manager = manager;
    this.id = id;
  }

  /** Resolves when Asterisk has taken the order. */
  static async start(
    manager: ManagerConnection,
    id: string,
    options: OriginateOptions,
  ): Promise<OriginatedCall> {
    const { channel, number, variables = {}, callerId = '"Test" <999>' } = options;
    await manager.act({
      Action: "Originate",
      Channel: channel,
      ChannelId: id,
      Context: "default",
      Exten: number,
      Priority: "1",
      Async: "true",
      Timeout: "15000",
      CallerID: callerId,
      Variable: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    });
    return new OriginatedCall(manager, id);
  }

  /** Resolves when the telephone has answered; rejects when it refused, with the cause. */
  async answered(limitMs?: number): Promise<void> {
    await eventually({
      what: `${this.id} to be answered`,
      ...(limitMs === undefined ? {} : { limitMs }),
      probe: () => {
        const hangup = this.#events("Hangup")[0];
        const isUp = this.#events("Newstate").some((event) => event.get("ChannelState") === "6");
        if (!isUp && hangup !== undefined) throw new Error(`refused: ${causeOf(hangup)}`);
        return isUp;
      },
    });
  }

  /** Resolves with the cause, in the words of Q.850, when it is over. */
  async ended(limitMs = 20_000): Promise<string> {
    const hangup = await this.#manager.event("Hangup", (event) => this.#isOurs(event), limitMs);
    return causeOf(hangup);
  }

  /** Digits that came from the telephone, and how often each began. */
  digits(): string {
    const received = this.#events("DTMFEnd").filter(
      (event) => event.get("Direction") === "Received",
    );
    return received.map((event) => event.get("Digit") ?? "").join("");
  }

  /** Values of a user event of the dial plan, once there is one. */
  async report(name: string, key: string, limitMs?: number): Promise<string> {
    const event = await this.#manager.event(
      "UserEvent",
      (candidate) => candidate.get("UserEvent") === name && this.#isOurs(candidate),
      limitMs,
    );
    return event.get(key) ?? "";
  }

  /** Name of its channel; throws while there is none. */
  get channel(): string {
    const name = this.#events("Newchannel")[0]?.get("Channel");
    if (name === undefined) throw new Error(`${this.id} has no channel yet`);
    return name;
  }

  async hangUp(): Promise<void> {
    await this.#manager.act({ Action: "Hangup", Channel: this.channel });
  }

  /** Sends the telephone to another number of the dial plan. */
  async redirect(number: string): Promise<void> {
    const target = { Context: "default", Exten: number, Priority: "1" };
    await this.#manager.act({ Action: "Redirect", Channel: this.channel, ...target });
  }

  #events(kind: string): ManagerMessage[] {
    return this.#manager.find(kind, (event) => this.#isOurs(event));
  }

  #isOurs(event: ManagerMessage): boolean {
    return event.get("Uniqueid") === this.id;
  }
}

function causeOf(hangup: ManagerMessage): string {
  return hangup.get("Cause-txt") ?? "";
}
