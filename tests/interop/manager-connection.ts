/** One connection to Asterisk's manager interface: actions with their answers, and all events. */
import { eventually } from "../end-to-end/eventually.ts";
import { connectRaw, type RawConnection } from "../end-to-end/raw-connection.ts";
import {
  encodeAction,
  ManagerDecoder,
  type ManagerFields,
  type ManagerMessage,
} from "./manager-messages.ts";

export type EventTest = (event: ManagerMessage) => boolean;

export class ManagerConnection {
  /** Oldest first. */
  readonly events: ManagerMessage[] = [];
  readonly #answers = new Map<string, ManagerMessage>();
  readonly #decoder = new ManagerDecoder();
  readonly #text = new TextDecoder();
  readonly #raw: RawConnection;
  #actions = 0;

  private constructor(raw: RawConnection) {
    this.#raw = raw;
    raw.onData = (bytes) => this.#receive(bytes);
  }

  /** Rejects when nobody listens there, or the secret is wrong. */
  static async open(port: number, secret: string): Promise<ManagerConnection> {
    const connection = new ManagerConnection(await connectRaw(port));
    await connection.act({ Action: "Login", Username: "wildfire", Secret: secret });
    return connection;
  }

  get isClosed(): boolean {
    return this.#raw.isClosed;
  }

  /** Resolves with the answer; rejects when it is an error. */
  async act(fields: ManagerFields): Promise<ManagerMessage> {
    this.#actions += 1;
    const id = `action-${this.#actions}`;
    this.#raw.send(new TextEncoder().encode(encodeAction({ ...fields, ActionID: id })));
    const answer = await eventually({
      what: `the answer to ${String(fields["Action"])}`,
      probe: () => this.#answers.get(id) ?? this.#unlessClosed(),
    });
    this.#answers.delete(id);
    if (answer.get("Response") !== "Error") return answer;
    throw new Error(`${String(fields["Action"])}: ${answer.get("Message") ?? "refused"}`);
  }

  /** The first event of a kind that fulfils the condition, past or future. */
  async event(
    kind: string,
    where: EventTest = () => true,
    limitMs?: number,
  ): Promise<ManagerMessage> {
    return await eventually({
      what: `the event ${kind}`,
      ...(limitMs === undefined ? {} : { limitMs }),
      probe: () => this.find(kind, where)[0] ?? this.#unlessClosed(),
      explain: () => `events were: ${this.events.map((event) => event.get("Event")).join(" ")}`,
    });
  }

  find(kind: string, where: EventTest = () => true): ManagerMessage[] {
    return this.events.filter((event) => event.get("Event") === kind && where(event));
  }

  /** What has happened so far is no answer to what is asked from now on. */
  forget(): void {
    this.events.length = 0;
  }

  close(): void {
    this.#raw.end();
  }

  #unlessClosed(): undefined {
    if (this.#raw.isClosed) throw new Error("Asterisk closed the manager connection");
    return undefined;
  }

  #receive(bytes: Uint8Array): void {
    for (const message of this.#decoder.push(this.#text.decode(bytes, { stream: true }))) {
      const id = message.get("ActionID");
      if (message.has("Event")) this.events.push(message);
      else if (id !== undefined) this.#answers.set(id, message);
    }
  }
}
