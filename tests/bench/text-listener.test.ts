import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { TextListener } from "../../bench/text-listener.ts";
import { systemClock } from "../../src/core/clock.ts";
import { connectTcp } from "../../src/tcp.ts";
import type { TcpLink } from "../../src/tcp-link.ts";
import { byeMarker, encodeHello, encodeText } from "../../src/wire/text-frames.ts";

let listener: TextListener;
let links: TcpLink[];

beforeEach(() => {
  listener = new TextListener();
  links = [];
});

afterEach(() => {
  for (const link of links) link.destroy();
  listener.close();
});

async function connect(callId: string): Promise<TcpLink> {
  const link = await connectTcp(
    {
      hostname: "127.0.0.1",
      port: listener.port,
      timeoutMs: 5000,
      maxPendingBytes: 1 << 16,
      clock: systemClock,
    },
    { data: () => undefined, closed: () => undefined },
  ).link;
  links.push(link);
  link.write(encodeHello(callId));
  return link;
}

describe("the listening LLaMA", () => {
  test("hands out each call's texts by number, asked for early or late, with their time", async () => {
    const startMs = performance.now();
    const second = listener.text("7", 1);
    const [seven, eight] = [await connect("7"), await connect("8")];
    seven.write(encodeText("one"));
    eight.write(encodeText("another call"));
    seven.write(encodeText("two"));
    const { text, atMs } = await second;
    expect(text).toBe("two");
    expect(atMs).toBeGreaterThan(startMs);
    expect((await listener.text("7", 0)).text).toBe("one");
    expect((await listener.text("8", 0)).text).toBe("another call");
  });

  test("goes on counting for the next call and the next connection with an id", async () => {
    const first = await connect("7");
    first.write(encodeText("one"));
    first.write(byeMarker);
    first.write(encodeText("two"));
    expect((await listener.text("7", 1)).text).toBe("two");
    first.destroy();
    const again = await connect("7");
    again.write(encodeText("three"));
    expect((await listener.text("7", 2)).text).toBe("three");
  });
});
