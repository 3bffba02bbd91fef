/** A registrar on real sockets: it knows extensions with passwords, keeps their contacts, and lets itself be bent. */
import type { Certificate } from "../call/sip/transport/certificates.ts";

export interface SmallRegistrarOptions {
  readonly transport?: "udp" | "tcp" | "tls";
  readonly certificate?: Certificate;
  /** In place of an answer of its own; undefined: its own; `silence`: none. */
  readonly instead?: (request: RegisterRequest) => string | undefined;
  /** What it adds to Via, such as `received=198.51.100.7`. */
  readonly via?: string;
}

export interface RegisterRequest {
  readonly text: string;
  readonly user: string;
  readonly hasCredentials: boolean;
  /** Undefined for a question. */
  readonly contact: string | undefined;
}

export const silence = "";

const nonce = "7a3f";
const realm = "small";

export class SmallRegistrar implements Disposable {
  readonly requests: RegisterRequest[] = [];
  /** Contacts by user. */
  readonly bound = new Map<string, string[]>();
  readonly #passwords: Readonly<Record<string, string>>;
  readonly #options: SmallRegistrarOptions;
  #port = 0;
  #close = (): void => undefined;

  private constructor(passwords: Readonly<Record<string, string>>, options: SmallRegistrarOptions) {
    this.#passwords = passwords;
    this.#options = options;
  }

  static async open(
    passwords: Readonly<Record<string, string>>,
    options: SmallRegistrarOptions = {},
  ): Promise<SmallRegistrar> {
    const registrar = new SmallRegistrar(passwords, options);
    if ((options.transport ?? "udp") === "udp") await registrar.#openUdp();
    else registrar.#openTcp();
    return registrar;
  }

  get port(): number {
    return this.#port;
  }

  /** For `line`. */
  get address(): string {
    const { transport = "udp" } = this.#options;
    return `127.0.0.1:${this.#port};transport=${transport}`;
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  async #openUdp(): Promise<void> {
    const socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (self, bytes, port, address) => {
          const answer = this.#answer(bytes.toString());
          if (answer !== undefined) self.send(answer, port, address);
        },
        // Whoever asked is gone already.
        error: () => undefined,
      },
    });
    this.#port = socket.port;
    this.#close = () => socket.close();
  }

  #openTcp(): void {
    const { certificate } = this.#options;
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      ...(certificate === undefined ? {} : { tls: certificate }),
      socket: {
        data: (socket, bytes) => {
          const answer = this.#answer(bytes.toString());
          if (answer !== undefined) socket.write(answer);
        },
        error: () => undefined,
      },
    });
    this.#port = server.port;
    this.#close = () => server.stop(true);
  }

  #answer(text: string): string | undefined {
    if (text.startsWith("OPTIONS ")) return this.#respond(text, "200 OK");
    if (!text.startsWith("REGISTER ")) return undefined;
    const user = /^To:.*<sip:([^@>]+)@/im.exec(text)?.[1] ?? "";
    const contact = headerOf(text, "Contact");
    const hasCredentials = headerOf(text, "Authorization") !== undefined;
    const request = { text, user, hasCredentials, contact };
    this.requests.push(request);
    const bent = this.#options.instead?.(request);
    if (bent === silence) return undefined;
    return this.#respond(text, bent ?? this.#judge(request));
  }

  #judge(request: RegisterRequest): string {
    const password = this.#passwords[request.user];
    if (password === undefined) return "404 Not Found";
    if (!isRight(request, password)) {
      return `401 Unauthorized\r\nWWW-Authenticate: Digest realm="${realm}", nonce="${nonce}", algorithm=MD5, qop="auth"`;
    }
    this.#bind(request);
    const contacts = this.bound.get(request.user) ?? [];
    return ["200 OK", ...contacts.map((contact) => `Contact: <${contact}>;expires=60`)].join(
      "\r\n",
    );
  }

  #bind({ user, contact }: RegisterRequest): void {
    const uri = /<([^>]+)>/.exec(contact ?? "")?.[1];
    if (uri === undefined) return;
    const others = (this.bound.get(user) ?? []).filter((known) => known !== uri);
    const isGone = /;expires=0\b/.test(contact ?? "");
    this.bound.set(user, isGone ? others : [...others, uri]);
  }

  /** `status` may have further header lines behind it. */
  #respond(text: string, status: string): string {
    const added = this.#options.via === undefined ? "" : `;${this.#options.via}`;
    return [
      `SIP/2.0 ${status}`,
      `Via: ${headerOf(text, "Via")}${added}`,
      `From: ${headerOf(text, "From")}`,
      `To: ${headerOf(text, "To")};tag=small`,
      `Call-ID: ${headerOf(text, "Call-ID")}`,
      `CSeq: ${headerOf(text, "CSeq")}`,
      "Content-Length: 0",
      "",
      "",
    ].join("\r\n");
  }
}

function headerOf(text: string, name: string): string | undefined {
  return new RegExp(`^${name}\\s*:\\s*(.*?)\\r$`, "im").exec(text)?.[1];
}

function isRight({ text }: RegisterRequest, password: string): boolean {
  const header = headerOf(text, "Authorization") ?? "";
  const of = (name: string): string => new RegExp(`\\b${name}="?([^",]*)`).exec(header)?.[1] ?? "";
  const secret = md5(`${of("username")}:${realm}:${password}`);
  const asked = md5(`REGISTER:${of("uri")}`);
  return of("response") === md5(`${secret}:${nonce}:${of("nc")}:${of("cnonce")}:auth:${asked}`);
}

function md5(text: string): string {
  return new Bun.CryptoHasher("md5").update(text).digest("hex");
}
