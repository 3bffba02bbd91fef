import { expect, test } from "bun:test";
import { html } from "../../src/web/html.ts";
import { turnBar } from "../../src/web/pages/turn-bar.ts";

test("what is put into a template is text", () => {
  const evil = `<b a='1' b="2">&</b>`;
  expect(html`<p title="${evil}">${evil}</p>`.text).toBe(
    '<p title="&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;&lt;/b&gt;">' +
      "&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;&lt;/b&gt;</p>",
  );
});

test("templates go into templates as they are, lists one after the other, nothing for nothing", () => {
  const items = ["<", 2].map((item) => html`<li>${item}</li>`);
  const nothing = [undefined, false] as const;
  expect(html`${items}${nothing}`.text).toBe("<li>&lt;</li><li>2</li>");
});

test("half a character does no harm", () => {
  expect(html`${"a\uD800b"}`.text).toBe("a\uFFFDb");
});

test("the stages of a turn lie side by side, against the line of 500 ms", () => {
  const stages = [
    { name: "silence", label: "Silence", ms: 500 },
    { name: "voice", label: "Voice", ms: 250 },
  ] as const;
  const { text } = turnBar({ turn: 1, isGreeting: false, totalMs: 750, stages });
  expect(text).toMatch(/class="stage-silence" x="0" y="4" width="500"/);
  expect(text).toMatch(/class="stage-voice" x="500" y="4" width="250"/);
  expect(text).toMatch(/<line class="good" x1="500" x2="500"/);
});

test("a turn that took long fits into the bar, and the line moves", () => {
  const stages = [{ name: "first-token", label: "Brain", ms: 10_000 }] as const;
  const { text } = turnBar({ turn: 1, isGreeting: false, totalMs: 10_000, stages });
  const width = Number(/stage-first-token" x="0" y="4" width="([\d.]+)"/.exec(text)?.[1]);
  expect(width).toBeGreaterThan(900);
  expect(width).toBeLessThanOrEqual(1000);
  expect(text).toMatch(/<line class="good" x1="47\.6"/);
});
