/** One open TCP connection: bounded write queue, back-pressure, and exactly one report of its end. */
import type { SocketControl } from "./core/socket-control.ts";

export interface TcpClose {
  /** `local`: we closed; `ended`: the peer closed in order; `reset`: the connection broke. */
  readonly kind: "local" | "ended" | "reset";
  readonly errno?: string;
  /** True when bytes that were written may not have reached the peer's program. */
  readonly writesInDoubt: boolean;
}

export interface TcpHandlers {
  /** A view into Bun's buffer, valid during the call only. */
  data(bytes: Uint8Array): void;
  /** Called exactly once; nothing is called afterwards. */
  closed(reason: TcpClose): void;
  /** All bytes that were waiting have been handed to the kernel. */
  drained?(): void;
}

export interface TcpLinkOptions {
  /** Bytes that may wait for a slow reader; a write beyond is refused whole. */
  readonly maxPendingBytes: number;
  readonly control?: SocketControl | undefined;
}

export type BunSocket = Bun.Socket<unknown>;

export class TcpLink {
  readonly remote: string;
  readonly #socket: BunSocket;
  readonly #options: TcpLinkOptions;
  #handlers: TcpHandlers | undefined;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #isEnding = false;
  #isClosed = false;
  #peerEndedInDoubt = false;
  #isBroken = false;

  constructor(socket: BunSocket, options: TcpLinkOptions) {
    this.#socket = socket;
    this.#options = options;
    this.remote = `${socket.remoteAddress}:${socket.remotePort}`;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveIdleMs);
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get isOpen(): boolean {
    return !this.#isClosed && !this.#isEnding;
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress;
  }

  get localAddress(): string {
    return this.#socket.localAddress;
  }

  get ports(): { readonly local: number; readonly remote: number } {
    return { local: this.#socket.localPort, remote: this.#socket.remotePort };
  }

  /** Bytes that the peer's kernel has not acknowledged; -1 when unknown. */
  get unacknowledgedBytes(): number {
    const fd = descriptorOf(this.#socket);
    return fd < 0 ? -1 : (this.#options.control?.unacknowledgedBytes(fd) ?? -1);
  }

  attach(handlers: TcpHandlers): void {
    this.#handlers = handlers;
  }

  /** Never waits. False: closed, or the limit of waiting bytes is reached and nothing was taken. */
  write(bytes: Uint8Array): boolean {
    if (!this.isOpen) return false;
    if (this.#pendingBytes > 0) {
      if (this.#pendingBytes + bytes.length > this.#options.maxPendingBytes) return false;
      this.#enqueue(bytes.slice());
      return true;
    }
    const written = this.#socket.write(bytes);
    if (written < 0) {
      // The connection broke under an earlier write; the refusal took the error, so that the close
      // that follows looks orderly.
      this.#isBroken = true;
      return false;
    }
    if (written < bytes.length) this.#enqueue(bytes.slice(written));
    return true;
  }

  pause(): void {
    if (!this.#isClosed) this.#socket.pause();
  }

  resume(): void {
    if (!this.#isClosed) this.#socket.resume();
  }

  /** Closes in order once what was written has been handed to the kernel. */
  end(): void {
    if (!this.isOpen) return;
    this.#isEnding = true;
    if (this.#pendingBytes === 0) this.#socket.end();
  }

  /** Closes at once and drops what is waiting. */
  destroy(): void {
    if (this.#isClosed) return;
    // Reported first: terminate() calls the close handler, which cannot know who closed.
    this.handleClose("local", undefined);
    this.#socket.terminate();
  }

  /** The handle… methods are called by the socket's handlers in tcp.ts, by nobody else. */
  handleData(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#handlers?.data(bytes);
  }

  handleDrain(): void {
    while (this.#pending.length > 0) {
      const head = this.#pending[0];
      if (head === undefined) break;
      const written = this.#socket.write(head);
      if (written < 0) return;
      this.#pendingBytes -= written;
      if (written < head.length) {
        this.#pending[0] = head.subarray(written);
        return;
      }
      this.#pending.shift();
    }
    if (this.#isEnding) this.#socket.end();
    else this.#handlers?.drained?.();
  }

  /** The peer sent FIN: the descriptor is still there, so the kernel can be asked what it has. */
  handlePeerEnd(): void {
    const fd = descriptorOf(this.#socket);
    const control = this.#options.control;
    const unacknowledged = fd < 0 ? 0 : (control?.unacknowledgedBytes(fd) ?? 0);
    const broken = fd < 0 ? 0 : (control?.readHealth(fd).socketErrno ?? 0);
    this.#peerEndedInDoubt = unacknowledged > 0 || broken !== 0 || this.#pendingBytes > 0;
  }

  handleClose(kind: TcpClose["kind"], errno: string | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const isDoubtful = this.#isBroken || this.#peerEndedInDoubt || this.#pendingBytes > 0;
    const writesInDoubt = kind === "reset" || isDoubtful;
    this.#pending = [];
    this.#pendingBytes = 0;
    const reported = this.#isEnding ? "local" : kind;
    const reason: TcpClose = { kind: reported, writesInDoubt };
    this.#handlers?.closed(errno === undefined ? reason : { ...reason, errno });
    this.#handlers = undefined;
  }

  #enqueue(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }
}

const keepAliveIdleMs = 15_000;

function descriptorOf(socket: BunSocket): number {
  return "fd" in socket && typeof socket.fd === "number" ? socket.fd : -1;
}
