/** What setup offers when its file is written, beside a supervisor that is played on its status socket. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { offerNext } from "../../src/commands/setup-next.ts";
import { type CommandHandler, serveStatus } from "../../src/services/status-socket.ts";
import { type Answer, ScriptedPrompter, SetupPlace } from "../setup/setup-rig.ts";

let place: SetupPlace;
const freed: (() => void)[] = [];

beforeEach(() => {
  place = new SetupPlace();
  writeFileSync(place.path, "");
});

afterEach(() => {
  for (const free of freed.splice(0)) free();
  place[Symbol.dispose]();
});

function play(config: string, command: CommandHandler): void {
  const describing = () => ({ service: "supervisor", config });
  const options = { stateFolder: place.folder, service: "supervisor", describe: describing };
  const socket = serveStatus({ ...options, command });
  freed.push(() => socket.close());
}

async function offer(answer: Answer, reloadLimitMs = 10_000) {
  const prompter = new ScriptedPrompter([answer]);
  const { path, folder } = place;
  const code = await offerNext({ prompter, path, stateFolder: folder, reloadLimitMs });
  return { code, shown: prompter.shown };
}

describe("a supervisor that runs this file", () => {
  test("applies it", async () => {
    const asked: string[] = [];
    play(place.path, (command) => {
      asked.push(command);
      return Promise.resolve({});
    });
    const { code, shown } = await offer({ pick: "reload" });
    expect({ code, asked }).toEqual({ code: 0, asked: ["reload"] });
    expect(shown.at(-1)).toStartWith("Applied");
  });

  test("is known by the file itself, whatever leads to it", async () => {
    const link = join(place.folder, "link.toml");
    symlinkSync(place.path, link);
    play(link, () => Promise.resolve({}));
    expect((await offer({ pick: "reload" })).code).toBe(0);
  });

  test("and lets calls end first is no failure", async () => {
    play(place.path, () => new Promise(() => undefined));
    const { code, shown } = await offer({ pick: "reload" }, 100);
    expect(code).toBe(0);
    expect(shown.at(-1)).toStartWith("It is being applied");
  });

  test("and refuses it says why", async () => {
    play(place.path, () => Promise.reject(new Error("no such model")));
    const { code, shown } = await offer({ pick: "reload" });
    expect(code).toBe(1);
    expect(shown).toContain("fault: no such model");
  });
});

test("a supervisor that runs another file is neither told nor said to have applied this one", async () => {
  const other = join(place.folder, "other.toml");
  writeFileSync(other, "");
  play(other, () => Promise.reject(new Error("nobody asks")));
  expect(offer({ pick: "reload" })).rejects.toThrow("What next? has no reload: nothing");
  expect((await offer({ pick: "nothing" })).shown).toContain(
    "info: Wildfire is running with another file.",
  );
});
