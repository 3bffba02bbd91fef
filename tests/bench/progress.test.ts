import { describe, expect, test } from "bun:test";
import { Progress } from "../../bench/progress.ts";

function record(isTTY: boolean): { text: string; progress: Progress } {
  const output = {
    text: "",
    isTTY,
    write(text: string) {
      output.text += text;
    },
  };
  return Object.assign(output, { progress: new Progress(output) });
}

describe("progress", () => {
  test("on a terminal is one line that is written over and leaves nothing behind", () => {
    const terminal = record(true);
    terminal.progress.show("one");
    terminal.progress.show("two");
    terminal.progress.clear();
    expect(terminal.text).toBe("\r\u001b[K… one\r\u001b[K… two\r\u001b[K");
  });

  test("in a file is nothing", () => {
    const file = record(false);
    file.progress.show("one");
    file.progress.clear();
    expect(file.text).toBe("");
  });
});
