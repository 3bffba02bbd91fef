/** The language of sipp's scenarios: messages to send and to await, as XML. Pure. */

export interface Offer {
  /** RTP payload types with their names; no offer at all when empty. */
  readonly payloads: readonly (readonly [type: number, name: string])[];
  readonly direction?: "sendrecv" | "sendonly" | "recvonly" | "inactive";
  /** In place of sipp's own address: `0.0.0.0` is the hold of old telephones. */
  readonly connection?: string;
  readonly version?: number;
}

export const g711Offer: Offer = {
  payloads: [
    [0, "PCMU/8000"],
    [8, "PCMA/8000"],
    [101, "telephone-event/8000"],
  ],
};

interface SendOptions {
  readonly method: string;
  readonly cseq: number;
  /** Transaction: requests with one name share a branch, as ACK and CANCEL do with their INVITE. */
  readonly branch: string;
  /** In the dialog, to where the far end wants its requests; else to the start. */
  readonly isInDialog?: boolean;
  readonly headers?: readonly string[];
  readonly body?: Body;
  /** Sent anew until it is answered, as UDP needs; on by default, but never for ACK. */
  readonly isRetransmitted?: boolean;
  /** Names the transaction whose answers `receive` asks for by name. */
  readonly opens?: string;
  /** The transaction whose final answer this ACK is for. */
  readonly acknowledges?: string;
  /** Values of these headers, for the side that was called. */
  readonly from?: string;
  readonly to?: string;
}

const caller = '"Caller" <sip:sipp@[local_ip]:[local_port]>;tag=[pid]-[call_number]';
const callee = "<sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]";

export interface Body {
  readonly type: string;
  readonly text: string;
}

/** A request, of the side that calls unless From and To say otherwise. */
export function send(options: SendOptions): string {
  const { method, cseq, branch, isInDialog = false, headers = [], body, opens } = options;
  const { isRetransmitted = method !== "ACK", acknowledges, from = caller, to = callee } = options;
  const target = isInDialog ? "[next_url]" : "sip:[service]@[remote_ip]:[remote_port]";
  const text = message(`${method} ${target} SIP/2.0`, {
    headers: [
      `Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=z9hG4bK-[pid]-[call_number]-${branch}`,
      `From: ${from}`,
      `To: ${to}`,
      "Call-ID: [call_id]",
      `CSeq: ${cseq} ${method}`,
      "Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>",
      "Max-Forwards: 70",
      ...(isInDialog ? ["[routes]"] : []),
      ...headers,
    ],
    body,
  });
  const attributes = [
    isRetransmitted ? ' retrans="500"' : "",
    opens === undefined ? "" : ` start_txn="${opens}"`,
    acknowledges === undefined ? "" : ` ack_txn="${acknowledges}"`,
  ];
  return `<send${attributes.join("")}><![CDATA[\n${text}\n]]></send>`;
}

interface AnswerOptions {
  readonly status: string;
  readonly headers?: readonly string[];
  readonly body?: Body;
  /** To tag; none for 100. */
  readonly tag?: string;
  /** Sent anew until the ACK is there. */
  readonly isRetransmitted?: boolean;
  /** Value of that header, where the request that came last is not the one to answer. */
  readonly cseq?: string;
}

/** An answer to the request that came last. */
export function answer(options: AnswerOptions): string {
  const { status, headers = [], body, tag = "answering", isRetransmitted = false } = options;
  const cseq = options.cseq === undefined ? "[last_CSeq:]" : `CSeq: ${options.cseq}`;
  const toTag = status.startsWith("100") ? "" : `;tag=[pid]-[call_number]-${tag}`;
  const text = message(`SIP/2.0 ${status}`, {
    headers: [
      "[last_Via:]",
      "[last_From:]",
      `[last_To:]${toTag}`,
      "[last_Call-ID:]",
      cseq,
      "[last_Record-Route:]",
      "Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>",
      ...headers,
    ],
    body,
  });
  return `<send${isRetransmitted ? ' retrans="500"' : ""}><![CDATA[\n${text}\n]]></send>`;
}

/** An answer to a request within the dialog, whose To has its tag already. */
export function answerInDialog(status: string): string {
  const text = message(`SIP/2.0 ${status}`, {
    headers: ["[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]", "[last_CSeq:]"],
    body: undefined,
  });
  return `<send><![CDATA[\n${text}\n]]></send>`;
}

interface MessageParts {
  readonly headers: readonly string[];
  readonly body: Body | undefined;
}

function message(start: string, { headers, body }: MessageParts): string {
  const type = body === undefined ? [] : [`Content-Type: ${body.type}`];
  const length = body === undefined ? "Content-Length: 0" : "Content-Length: [len]";
  return [start, ...headers, ...type, length, "", body?.text ?? ""].join("\n");
}

export function sdp(offer: Offer = g711Offer): Body {
  const { payloads, direction = "sendrecv", connection = "[media_ip]", version = 1 } = offer;
  const text = [
    "v=0",
    `o=- 4711 ${version} IN IP4 [local_ip]`,
    "s=-",
    `c=IN IP4 ${connection}`,
    "t=0 0",
    `m=audio [media_port] RTP/AVP ${payloads.map(([type]) => type).join(" ")}`,
    ...payloads.map(([type, name]) => `a=rtpmap:${type} ${name}`),
    "a=ptime:20",
    `a=${direction}`,
  ].join("\n");
  return { type: "application/sdp", text };
}

interface ReceiveOptions {
  /** May be left out: what comes next is then looked for. */
  readonly isOptional?: boolean;
  /** Where the scenario goes on when it comes. */
  readonly next?: string;
  /** Only an answer to the transaction that a `send` opened by this name. */
  readonly transaction?: string;
  /** Patterns that each must match a header or the body. */
  readonly contains?: readonly Pattern[];
  /** Parts to be kept as variables, which later messages use as `[$name]`. */
  readonly keeps?: readonly (Pattern & { readonly name: string })[];
  readonly limitMs?: number;
  /** Takes the dialog's tag and route set from it. */
  readonly opensDialog?: boolean;
  /** Keeps the challenge, which `[authentication]` then answers. */
  readonly isChallenge?: boolean;
}

export interface Pattern {
  /** `body`, or a header with its colon: `Allow:`. */
  readonly where: string;
  readonly pattern: string;
}

export function receive(what: number | string, options: ReceiveOptions = {}): string {
  const { contains = [], keeps = [] } = options;
  const start = `<recv${receiveAttributes(what, options)}`;
  const checks = [
    ...contains.map((part, index) => expression(part, `check${index}`)),
    ...keeps.map((part) => expression(part, part.name)),
  ];
  if (checks.length === 0) return `${start}/>`;
  return `${start}><action>${checks.join("")}</action></recv>`;
}

function receiveAttributes(what: number | string, options: ReceiveOptions): string {
  const given: Readonly<Record<string, string | number | undefined>> = {
    [typeof what === "number" ? "response" : "request"]: what,
    optional: options.isOptional === true ? "true" : undefined,
    rrs: options.opensDialog === true ? "true" : undefined,
    auth: options.isChallenge === true ? "true" : undefined,
    next: options.next,
    response_txn: options.transaction,
    timeout: options.limitMs,
  };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return present.map(([name, value]) => ` ${name}="${value}"`).join("");
}

function expression({ where, pattern }: Pattern, variable: string): string {
  const place = where === "body" ? 'search_in="body"' : `search_in="hdr" header="${where}"`;
  return `<ereg regexp="${escapeXml(pattern)}" ${place} check_it="true" assign_to="${variable}"/>`;
}

export function label(id: string): string {
  return `<label id="${id}"/>`;
}

export function pause(ms: number | "as told"): string {
  return ms === "as told" ? "<pause/>" : `<pause milliseconds="${ms}"/>`;
}

/** A whole scenario; variables that only checks assign are declared as used. */
export function scenario(name: string, steps: readonly string[]): string {
  const body = steps.join("\n");
  const used = [...new Set(body.match(/(?<=assign_to=")check\d+/g))];
  const reference = used.length === 0 ? "" : `\n<Reference variables="${used.join(",")}"/>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="${escapeXml(name)}">
${body}${reference}
</scenario>
`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
