/** What the operating system knows about a socket beyond what Bun tells; handed in, since it needs FFI. */

export interface SocketHealth {
  /** errno of the call that looked, 0 when it worked; EBADF means that the socket is gone. */
  readonly callErrno: number;
  /** Pending SO_ERROR, 0 when none; reading clears it. */
  readonly socketErrno: number;
  /** Actual receive buffer in bytes as the kernel accounts it. */
  readonly receiveBufferBytes: number;
  /** Bytes waiting to be read, with the kernel's bookkeeping on top (Linux) or without (macOS). */
  readonly queuedBytes: number;
  /** Datagrams that the kernel dropped since the socket was opened; -1 where it does not tell. */
  readonly drops: number;
}

export interface SocketControl {
  /** Asks for a receive buffer and returns what was granted (SO_RCVBUF read back), -1 on failure. */
  requestReceiveBuffer(fd: number, bytes: number): number;
  readHealth(fd: number): SocketHealth;
  /** Bytes written to a TCP socket that the peer's kernel has not acknowledged yet; -1 if unknown. */
  unacknowledgedBytes(fd: number): number;
}
