/** What socket options mean on each system, over C library calls that are handed in. */
import type { SocketControl, SocketHealth } from "../core/socket-control.ts";
import type { SocketNumbers } from "../platform/platform.ts";

export interface SocketOptionCall {
  readonly fd: number;
  readonly level: number;
  readonly option: number;
  /** Read from or written into. */
  readonly value: Int32Array;
}

/** Each returns the call's errno, 0 when it worked. */
export interface SocketCalls {
  getOption(call: SocketOptionCall): number;
  setOption(call: SocketOptionCall): number;
  /** Only called for numbers that name an ioctl request. */
  ioctl(fd: number, request: number, value: Int32Array): number;
}

interface Reading {
  readonly errno: number;
  readonly value: number;
}

interface QueueReading {
  readonly errno: number;
  readonly queuedBytes: number;
  readonly drops: number;
}

export function createSocketControl(numbers: SocketNumbers, calls: SocketCalls): SocketControl {
  const level = numbers.solSocket;

  const readOption = (fd: number, option: number): Reading => {
    const value = new Int32Array(1);
    const errno = calls.getOption({ fd, level, option, value });
    return { errno, value: value[0] ?? 0 };
  };

  const setOption = (fd: number, option: number, value: number): void => {
    calls.setOption({ fd, level, option, value: Int32Array.of(value) });
  };

  const readQueue = (fd: number): QueueReading => {
    const source = numbers.receiveQueue;
    if (source.kind === "option") {
      const { errno, value } = readOption(fd, source.option);
      return { errno, queuedBytes: value, drops: -1 };
    }
    const counters = new Int32Array(source.counters);
    const errno = calls.getOption({ fd, level, option: source.option, value: counters });
    const queuedBytes = counters[source.queuedIndex] ?? 0;
    return { errno, queuedBytes, drops: (counters[source.dropsIndex] ?? 0) >>> 0 };
  };

  return {
    requestReceiveBuffer(fd, bytes) {
      setOption(fd, numbers.soReceiveBuffer, bytes);
      const granted = readOption(fd, numbers.soReceiveBuffer);
      if (granted.errno !== 0) return -1;
      if (granted.value >= bytes || numbers.soReceiveBufferForce === undefined) {
        return granted.value;
      }
      // Refused without the privilege, which leaves the buffer as it was.
      setOption(fd, numbers.soReceiveBufferForce, bytes);
      return readOption(fd, numbers.soReceiveBuffer).value;
    },

    readHealth(fd): SocketHealth {
      const socketError = readOption(fd, numbers.soError);
      const buffer = readOption(fd, numbers.soReceiveBuffer);
      const queue = readQueue(fd);
      return {
        callErrno: socketError.errno || buffer.errno || queue.errno,
        socketErrno: socketError.value,
        receiveBufferBytes: buffer.value,
        queuedBytes: queue.queuedBytes,
        drops: queue.drops,
      };
    },

    unacknowledgedBytes(fd) {
      const source = numbers.sendQueue;
      if (source.kind === "option") {
        const { errno, value } = readOption(fd, source.option);
        return errno === 0 ? value : -1;
      }
      const value = new Int32Array(1);
      return calls.ioctl(fd, source.request, value) === 0 ? (value[0] ?? 0) : -1;
    },
  };
}
