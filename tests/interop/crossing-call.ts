/** INVITE and, some milliseconds later, CANCEL: what the far end makes of messages that cross. */
import { eventually } from "../end-to-end/eventually.ts";
import { loopback, mediaPorts } from "./ports.ts";
import { sipHeaders, sipStatus, writeSip } from "./sip-text.ts";

export interface CrossingCall {
  /** `host:port`. */
  readonly target: string;
  readonly user: string;
  /** From INVITE to CANCEL. */
  readonly cancelAfterMs: number;
  /** Distinguishes this call from others. */
  readonly name: string;
}

export interface CrossingOutcome {
  /** Final status of the INVITE: 200 when the answer was faster, 487 when CANCEL was. */
  readonly invite: number;
  readonly cancel: number;
  /** Status of the BYE that ends a call which was answered after all. */
  readonly bye: number | undefined;
}

const retransmitEveryMs = 500;

/** Sends both whatever comes in between, and ends the call in order either way. */
export async function crossCancel(call: CrossingCall): Promise<CrossingOutcome> {
  await using line = await CrossingLine.open(call);
  line.send("INVITE", "invite", offer);
  if (call.cancelAfterMs > 0) await Bun.sleep(call.cancelAfterMs);
  line.send("CANCEL", "invite");
  const cancel = sipStatus(await line.final("CANCEL"));
  const answered = await line.final("INVITE");
  const invite = sipStatus(answered);
  if (invite >= 300) {
    line.send("ACK", "invite", "", answered);
    return { invite, cancel, bye: undefined };
  }
  line.send("ACK", "ack", "", answered);
  line.send("BYE", "bye", "", answered);
  return { invite, cancel, bye: sipStatus(await line.final("BYE")) };
}

const offer = [
  "v=0",
  `o=- 1 1 IN IP4 ${loopback}`,
  "s=-",
  `c=IN IP4 ${loopback}`,
  "t=0 0",
  `m=audio ${mediaPorts.sipp.to - 1} RTP/AVP 0`,
  "a=rtpmap:0 PCMU/8000",
  "",
].join("\r\n");

class CrossingLine implements AsyncDisposable {
  readonly #call: CrossingCall;
  readonly #socket: Bun.udp.ConnectedSocket<"buffer">;
  readonly #received: string[];

  private constructor(
    call: CrossingCall,
    socket: Bun.udp.ConnectedSocket<"buffer">,
    received: string[],
  ) {
    this.#call = call;
    this.#socket = socket;
    this.#received = received;
  }

  static async open(call: CrossingCall): Promise<CrossingLine> {
    const received: string[] = [];
    const [hostname = loopback, port] = call.target.split(":");
    const socket = await Bun.udpSocket({
      hostname: loopback,
      connect: { hostname, port: Number(port) },
      socket: {
        data: (_socket, bytes) => void received.push(bytes.toString()),
        error: () => undefined,
      },
    });
    return new CrossingLine(call, socket, received);
  }

  /** Within the dialog when the answer that opened it is given. */
  send(method: string, branch: string, body = "", answered = ""): void {
    const { target, user, name } = this.#call;
    const { port } = this.#socket;
    const uri = `sip:${user}@${target}`;
    const contact = /<([^>]+)>/.exec(sipHeaders(answered, "Contact")[0] ?? "")?.[1];
    const sequence = method === "BYE" ? 2 : 1;
    const lines = [
      `${method} ${contact ?? uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${loopback}:${port};rport;branch=z9hG4bK-${name}-${port}-${branch}`,
      `From: <sip:crossing@${loopback}>;tag=${name}`,
      `To: ${sipHeaders(answered, "To")[0] ?? `<${uri}>`}`,
      `Call-ID: ${name}-${port}`,
      `CSeq: ${sequence} ${method}`,
      `Contact: <sip:crossing@${loopback}:${port}>`,
      "Max-Forwards: 70",
      ...(body === "" ? [] : ["Content-Type: application/sdp"]),
    ];
    this.#socket.send(writeSip({ lines, body }));
  }

  /** The final answer to a method. */
  async final(method: string): Promise<string> {
    return await eventually({
      what: `a final answer to ${method}`,
      probe: () =>
        this.#received.find(
          (text) =>
            sipStatus(text) >= 200 && sipHeaders(text, "CSeq")[0]?.endsWith(method) === true,
        ),
      explain: () => this.#received.join("\n"),
    });
  }

  /** Lets what is still under way arrive, so that no port is closed in front of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Bun.sleep(retransmitEveryMs / 10);
    this.#socket.close();
  }
}
