import { expect, test } from "bun:test";
import { nextAnnouncementMs } from "../../src/wire/announce-schedule.ts";

test("REGISTER goes out every 200 ms in the first second, then every second", () => {
  const times = [0];
  while ((times.at(-1) ?? 0) < 4000)
    times.push((times.at(-1) ?? 0) + nextAnnouncementMs(times.at(-1) ?? 0));
  expect(times).toEqual([0, 200, 400, 600, 800, 1000, 2000, 3000, 4000]);
});
