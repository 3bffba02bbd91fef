import { describe, expect, test } from "bun:test";
import { inviteClientTable } from "../../../../src/call/sip/transaction/invite-client-states.ts";
import { inviteServerTable } from "../../../../src/call/sip/transaction/invite-server-states.ts";
import { nonInviteClientTable } from "../../../../src/call/sip/transaction/non-invite-client-states.ts";
import { nonInviteServerTable } from "../../../../src/call/sip/transaction/non-invite-server-states.ts";
import type { Cell } from "../../../../src/call/sip/transaction/transaction-machine.ts";

type Cells = Readonly<Record<string, Readonly<Record<string, Cell<string, string>>>>>;

interface Table {
  readonly initial: string;
  readonly cells: Cells;
  readonly timers: Readonly<Record<string, readonly string[]>>;
}

const clientInputs = ["provisional", "success", "failure", "cancel", "abandon"];
const serverInputs = ["answerProvisional", "answerSuccess", "answerFailure"];

const tables: [name: string, table: Table, states: string[], inputs: string[]][] = [
  [
    "INVITE client",
    inviteClientTable,
    ["calling", "withdrawn", "proceeding", "cancelling", "completed", "accepted"],
    [...clientInputs, "sendFailed", "flowClosed", ...timers("A", "B", "D", "M", "Cancel")],
  ],
  [
    "non-INVITE client",
    nonInviteClientTable,
    ["trying", "proceeding", "completed"],
    [...clientInputs, "sendFailed", "flowClosed", ...timers("E", "F", "K")],
  ],
  [
    "INVITE server",
    inviteServerTable,
    ["trying", "proceeding", "completed", "confirmed", "accepted"],
    [
      ...serverInputs,
      "retransmission",
      "ack",
      "flowClosed",
      ...timers("G", "H", "I", "L", "Trying"),
    ],
  ],
  [
    "non-INVITE server",
    nonInviteServerTable,
    ["trying", "proceeding", "completed"],
    [...serverInputs, "retransmission", "ack", "flowClosed", ...timers("F", "J")],
  ],
];

function timers(...names: string[]): string[] {
  return names.map((name) => `timer${name}`);
}

describe.each(tables)("table of the %s transaction", (_name, table, states, inputs) => {
  const pairs = states.flatMap((state) => inputs.map((input) => ({ state, input })));

  test("says for each state and input what happens, and knows no others", () => {
    expect(Object.keys(table.cells).toSorted()).toEqual(states.toSorted());
    for (const state of states) {
      expect(Object.keys(table.cells[state] ?? {}).toSorted()).toEqual(inputs.toSorted());
    }
  });

  test("a timer is impossible exactly where it does not run, and nothing else is", () => {
    for (const { state, input } of pairs) {
      const runs = table.timers[state]?.map((name) => `timer${name}`) ?? [];
      const isStopped = input.startsWith("timer") && !runs.includes(input);
      expect([state, input, table.cells[state]?.[input] === "impossible"]).toEqual([
        state,
        input,
        isStopped,
      ]);
    }
  });

  test("each step leads to a state of the table or to the end", () => {
    for (const { state, input } of pairs) {
      const cell = table.cells[state]?.[input];
      if (cell === undefined || typeof cell === "string") continue;
      expect([...states, "terminated"]).toContain(cell.next);
    }
  });

  test("each state can be reached", () => {
    const reached = new Set([table.initial]);
    for (const state of reached) {
      for (const input of inputs) {
        const cell = table.cells[state]?.[input];
        if (cell !== undefined && typeof cell !== "string") reached.add(cell.next);
      }
    }
    expect([...reached].toSorted()).toEqual([...states, "terminated"].toSorted());
  });

  test("the end of the flow ends it in each state", () => {
    for (const state of states) {
      expect(table.cells[state]?.["flowClosed"]).toMatchObject({ next: "terminated" });
    }
  });
});

const userInputs = "cancel abandon";

/** What may happen in each state and changes nothing. */
const ignored: [name: string, table: Table, inputs: Record<string, string>][] = [
  [
    "INVITE client",
    inviteClientTable,
    {
      calling: "",
      withdrawn: userInputs,
      proceeding: "sendFailed",
      cancelling: `${userInputs} sendFailed`,
      completed: `provisional ${userInputs} sendFailed`,
      accepted: "provisional failure cancel sendFailed",
    },
  ],
  [
    "non-INVITE client",
    nonInviteClientTable,
    {
      trying: "cancel",
      proceeding: "cancel",
      completed: `provisional success failure ${userInputs} sendFailed`,
    },
  ],
  [
    "INVITE server",
    inviteServerTable,
    {
      trying: "retransmission ack",
      proceeding: "ack",
      completed: "answerProvisional answerSuccess answerFailure",
      confirmed: "answerProvisional answerSuccess answerFailure retransmission ack",
      accepted: "answerProvisional answerFailure retransmission",
    },
  ],
  [
    "non-INVITE server",
    nonInviteServerTable,
    {
      trying: "retransmission ack",
      proceeding: "ack",
      completed: "answerProvisional answerSuccess answerFailure ack",
    },
  ],
];

test.each(ignored)("the %s transaction ignores these and no others", (_name, table, wanted) => {
  for (const [state, cells] of Object.entries(table.cells)) {
    const found = Object.keys(cells).filter((input) => cells[input] === "ignored");
    const named = wanted[state]?.split(" ").filter((input) => input !== "") ?? [];
    expect([state, found.toSorted()]).toEqual([state, named.toSorted()]);
  }
});

/** Where time alone leads; undefined: no timer runs out in that state. */
function endByTime(table: Table, start: string): string | undefined {
  let state = start;
  for (let round = 0; round < 10 && state !== "terminated"; round += 1) {
    const steps = (table.timers[state] ?? []).map((name) => table.cells[state]?.[`timer${name}`]);
    const next = steps.flatMap((cell) =>
      cell === undefined || typeof cell === "string" || cell.next === state ? [] : [cell.next],
    )[0];
    if (next === undefined) return undefined;
    state = next;
  }
  return state;
}

test("every state ends by time alone, but for an INVITE that rings: its user decides", () => {
  const endless = tables.flatMap(([name, table, states]) =>
    states
      .filter((state) => endByTime(table, state) !== "terminated")
      .map((state) => `${name} ${state}`),
  );
  expect(endless).toEqual([
    "INVITE client proceeding",
    "INVITE server trying",
    "INVITE server proceeding",
  ]);
});
