/** Asks by OPTIONS until somebody answers on a UDP port: how a test knows that an exchange is up. */
import { eventually } from "../end-to-end/eventually.ts";
import { loopback } from "./ports.ts";

const askEveryMs = 50;

/** `check` throws when there is nobody left who could answer. */
export async function answersOptions(port: number, check: () => void): Promise<void> {
  let hasAnswered = false;
  const socket = await Bun.udpSocket({
    hostname: loopback,
    socket: {
      data: () => {
        hasAnswered = true;
      },
      // Nobody listens there yet.
      error: () => undefined,
    },
  });
  let asked = 0;
  const timer = setInterval(() => {
    asked += 1;
    socket.send(options(port, socket.port, asked), port, loopback);
  }, askEveryMs);
  try {
    await eventually({
      what: `an answer to OPTIONS on UDP port ${port}`,
      probe: () => {
        check();
        return hasAnswered;
      },
    });
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

function options(port: number, ownPort: number, count: number): string {
  const lines = [
    `OPTIONS sip:${loopback}:${port} SIP/2.0`,
    `Via: SIP/2.0/UDP ${loopback}:${ownPort};branch=z9hG4bK-probe-${ownPort}-${count}`,
    `From: <sip:probe@${loopback}>;tag=probe`,
    `To: <sip:${loopback}:${port}>`,
    `Call-ID: probe-${ownPort}`,
    `CSeq: ${count} OPTIONS`,
    "Max-Forwards: 70",
    "Content-Length: 0",
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}
