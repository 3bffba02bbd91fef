import { expect, test } from "bun:test";
import { ServiceBoard } from "../../src/web/live/service-board.ts";
import { FakeClock } from "../fakes/fake-clock.ts";

test.each([
  ["first", [5, 900]],
  ["last", [900, 5]],
])(
  "of two processes of a service the younger one counts, also when it is listed %s",
  async (_name, uptimes) => {
    const board = new ServiceBoard({
      services: ["whisper"],
      reader: {
        processes: (service) => (service === "whisper" ? [0, 1] : []),
        read: ({ pid }) => Promise.resolve({ pid, uptimeS: uptimes[pid] }),
      },
      clock: new FakeClock(),
      onChange: () => undefined,
      onStatus: () => undefined,
      isWatched: () => false,
    });
    await board.refresh();
    expect(board.status("whisper")?.["uptimeS"]).toBe(5);
    board.close();
  },
);
