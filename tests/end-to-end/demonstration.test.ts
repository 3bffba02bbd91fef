/** `wildfire demo`, as a newcomer sees it: all services, a call with itself, the page, and nothing left behind. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { Program } from "./program.ts";

setDefaultTimeout(120_000);

const said = [
  "Hi I would like to confirm my call tonight.",
  "Book a meeting on Friday at two in the evening.",
  "No the number is six one seven two nine seven nine.",
] as const;

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** In a folder of its own, which is its temporary one too. */
function startDemo(...argv: readonly string[]): { program: Program; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), "wildfire-newcomer-"));
  folders.push(folder);
  const program = new Program({ argv: ["demo", ...argv], cwd: folder, env: { TMPDIR: folder } });
  return { program, folder };
}

/** Texts of the lines that say this, in order. */
function told({ output }: Program, what: string): string[] {
  return output.flatMap((line) => line.split(` ✓ ${what} `)[1]?.trim() ?? []);
}

describe("the demonstration", () => {
  test("holds a call with itself, sentence by sentence, and leaves nothing behind", async () => {
    const { program, folder } = startDemo("--once");
    await using _ = program;
    expect(await program.exited(90_000)).toBe(0);
    expect(told(program, "the caller said")).toEqual([...said]);
    expect(told(program, "the agent answers").slice(-said.length)).toEqual([...said]);
    expect(program.errors).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("ends in order when Ctrl+C comes before anything is up", async () => {
    const { program, folder } = startDemo();
    await using _ = program;
    await eventually({ what: "its title", probe: () => program.output.length > 0 });
    program.signal("SIGINT");
    expect(await program.exited(20_000)).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("beside another one takes other ports; its page is there until Ctrl+C", async () => {
    const one = startDemo();
    await using _ = one.program;
    // It has its ports.
    await pageOf(one.program);
    const other = startDemo();
    await using __ = other.program;
    const urls = await Promise.all([pageOf(one.program), pageOf(other.program)]);
    expect(new Set(urls).size).toBe(2);
    for (const url of urls) expect(await (await fetch(url)).text()).toContain("Wildfire");
    for (const { program, folder } of [one, other]) {
      program.signal("SIGINT");
      expect(await program.exited(20_000)).toBe(0);
      expect(readdirSync(folder)).toEqual([]);
    }
  });
});

/** Where it says that its page is. */
async function pageOf(program: Program): Promise<string> {
  return await eventually({
    what: "the address of the page",
    limitMs: 90_000,
    probe: () => program.output.flatMap((line) => /http:\S+/.exec(line)?.[0] ?? [])[0],
    explain: () => program.explain(),
  });
}
