/** The answer to a request that becomes a WebSocket, and what its two ends are to each other. */

/** The other end of an open connection. */
export interface SocketPeer {
  /** What it has not taken from us yet. */
  readonly pendingBytes: number;
  /** Never waits; false when it was not taken. */
  sendText(text: string): boolean;
  /** Copies; never waits; false when it was not taken. */
  sendBytes(bytes: Uint8Array): boolean;
  /** What was sent before still goes out. */
  close(reason: string): void;
}

/** What becomes of a connection; told in this order, `closed` once and in any case. */
export interface SocketHandlers {
  opened(peer: SocketPeer): void;
  text(text: string): void;
  bytes(bytes: Uint8Array): void;
  closed(): void;
}

/** In place of an answer: the server takes the connection over. */
export class SocketAnswer extends Response {
  readonly handlers: SocketHandlers;

  constructor(handlers: SocketHandlers) {
    super(null);
    this.handlers = handlers;
  }
}
