import { expect, test } from "bun:test";
import { EventHub } from "../../src/web/live/event-hub.ts";

function event(seq: number | undefined, text = String(seq)): Parameters<EventHub["publish"]>[0] {
  return { service: "whisper", pid: 1, fields: { seq, text } };
}

/** What a reader is told, with the number that it could go on from. */
function reading(hub: EventHub, since?: string, wantsPassing = false): string[] {
  const told: string[] = [];
  hub.subscribe(
    {
      wantsPassing,
      event: ({ id, fields }) => told.push(`${id?.split(".")[1] ?? "-"} ${String(fields["text"])}`),
      missed: (count) => told.push(`missed ${count}`),
    },
    since,
  );
  return told;
}

function filled(count: number, keeps = 3): EventHub {
  const hub = new EventHub({ life: "now", keeps });
  for (let seq = 1; seq <= count; seq += 1) hub.publish(event(seq));
  return hub;
}

test.each([
  ["from now on", undefined, []],
  ["behind the last one it read", "now.4", ["5 5"]],
  ["nothing twice", "now.5", []],
  ["with what is gone counted", "now.1", ["missed 1", "3 3", "4 4", "5 5"]],
  ["from what is kept, after a restart", "then.4", ["3 3", "4 4", "5 5"]],
  ["from what is kept, for a text that is no id", "x".repeat(1000), ["3 3", "4 4", "5 5"]],
  ["nothing twice, for a number that is not reached yet", "now.99999", []],
])("a reader goes on %s", (_name, since, expected) => {
  expect(reading(filled(5), since)).toEqual(expected);
});

test("what passes is told to those who want it, and has no number", () => {
  const hub = filled(1);
  const told = reading(hub);
  const watched = reading(hub, undefined, true);
  hub.publish(event(undefined, "unfinished"));
  hub.publish(event(2));
  expect(told).toEqual(["2 2"]);
  expect(watched).toEqual(["- unfinished", "2 2"]);
  expect(reading(hub, "now.0")).toEqual(["1 1", "2 2"]);
});
