/** What the scripts of pages with trials read of a stream. */
import { expect, test } from "bun:test";
import { readEvents } from "../../src/web/client/tries.ts";

test("events are read as they were told, whatever is in their texts", async () => {
  const texts = ["one", "line\u2028separated\u2029twice", "a\nb"];
  const stream = texts.map((text) => `event: text\ndata: ${JSON.stringify({ text })}\n\n`);
  const read: unknown[] = [];
  await readEvents(new Response(stream.join("")), (name, { text }) => read.push([name, text]));
  expect(read).toEqual(texts.map((text) => ["text", text]));
});
