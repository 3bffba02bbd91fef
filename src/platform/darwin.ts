/** macOS on Apple Silicon: sys/socket.h of xnu. */
import type { Platform } from "./platform.ts";

export const darwin: Platform = {
  name: "darwin",
  libc: "libSystem.B.dylib",
  errnoSymbol: "__error",
  librarySuffix: "dylib",
  sockets: {
    solSocket: 0xffff,
    soReceiveBuffer: 0x1002,
    soError: 0x1007,
    soReceiveBufferForce: undefined,
    // SO_NREAD tells the bytes of the first datagram only: more than none means that some wait.
    receiveQueue: { kind: "option", option: 0x1020 },
    // SO_NWRITE. An ioctl would do too, but takes its argument differently from a plain function.
    sendQueue: { kind: "option", option: 0x1024 },
  },
  cpuVariants: [{ name: "apple", arch: "arm64", requires: [] }],
  cpuInfoFile: undefined,
  socketTables: [],
  sharedFolders: ["/var/tmp"],
};
