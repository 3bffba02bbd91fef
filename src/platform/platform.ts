/** What differs between operating systems: the interface that each has one file behind. */

/** Numbers from the system's C headers, for socket calls that Bun has no function for. */
export interface SocketNumbers {
  readonly solSocket: number;
  readonly soReceiveBuffer: number;
  readonly soError: number;
  /** Sets a receive buffer above the system's limit for a privileged process (Linux). */
  readonly soReceiveBufferForce: number | undefined;
  readonly receiveQueue: ReceiveQueueSource;
  readonly sendQueue: SendQueueSource;
}

/** How the bytes in a socket's receive queue are read. */
export type ReceiveQueueSource =
  | {
      /** An array of 32-bit counters about the socket's memory. */
      readonly kind: "memory-counters";
      readonly option: number;
      readonly counters: number;
      readonly queuedIndex: number;
      readonly dropsIndex: number;
    }
  | { readonly kind: "option"; readonly option: number };

/** How the bytes that a peer has not acknowledged are read. */
export type SendQueueSource =
  | { readonly kind: "ioctl"; readonly request: number }
  | { readonly kind: "option"; readonly option: number };

/** A build of the native library for one instruction set. */
export interface CpuVariant {
  readonly name: string;
  /** As in process.arch. */
  readonly arch: string;
  /** Features that the CPU must report, in the platform's own names. */
  readonly requires: readonly string[];
}

export interface Platform {
  /** As in process.platform. */
  readonly name: string;
  /** The C library, in a form that dlopen takes. */
  readonly libc: string;
  /** Function of the C library that returns the address of the thread's errno. */
  readonly errnoSymbol: "__errno_location" | "__error";
  readonly librarySuffix: "so" | "dylib";
  readonly sockets: SocketNumbers;
  /** Best first. */
  readonly cpuVariants: readonly CpuVariant[];
  /** Text file that lists the CPU's features, where there is one. */
  readonly cpuInfoFile: string | undefined;
  /** Text files that list the TCP sockets of the host with their queues, where there are any. */
  readonly socketTables: readonly string[];
  /** Folders that any user can write to, where a private folder may be made. */
  readonly sharedFolders: readonly string[];
}

/** The best build of the native library for a CPU, or undefined when none can run on it. */
export function chooseVariant(
  platform: Platform,
  arch: string,
  cpuFlags: ReadonlySet<string>,
): CpuVariant | undefined {
  return platform.cpuVariants.find(
    (variant) => variant.arch === arch && variant.requires.every((flag) => cpuFlags.has(flag)),
  );
}

/** Features in the text of /proc/cpuinfo: the line "flags" on x64, "Features" on arm64. */
export function parseCpuFlags(cpuInfo: string): ReadonlySet<string> {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo)?.[1] ?? "";
  return new Set(line.split(/\s+/).filter((flag) => flag !== ""));
}
