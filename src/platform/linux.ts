/** Linux, as on x64 and arm64: asm-generic/socket.h, linux/sock_diag.h, asm-generic/ioctls.h. */
import type { Platform } from "./platform.ts";

export const linux: Platform = {
  name: "linux",
  libc: "libc.so.6",
  errnoSymbol: "__errno_location",
  librarySuffix: "so",
  sockets: {
    solSocket: 1,
    soReceiveBuffer: 8,
    soError: 4,
    soReceiveBufferForce: 33,
    // SO_MEMINFO: SK_MEMINFO_RMEM_ALLOC is the first of nine counters, SK_MEMINFO_DROPS the last.
    receiveQueue: {
      kind: "memory-counters",
      option: 55,
      counters: 9,
      queuedIndex: 0,
      dropsIndex: 8,
    },
    // SIOCOUTQ
    sendQueue: { kind: "ioctl", request: 0x5411 },
  },
  cpuVariants: [
    { name: "avx2", arch: "x64", requires: ["avx2", "fma", "f16c", "bmi2"] },
    { name: "sse42", arch: "x64", requires: ["sse4_2"] },
    { name: "neon", arch: "arm64", requires: [] },
  ],
  cpuInfoFile: "/proc/cpuinfo",
  socketTables: ["/proc/net/tcp", "/proc/net/tcp6"],
  sharedFolders: ["/var/tmp", "/dev/shm"],
};
