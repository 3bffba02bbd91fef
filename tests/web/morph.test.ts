import { expect, spyOn, test } from "bun:test";
import { arrange, morph } from "../../src/web/client/morph.ts";
import { copyOf, element, type LittleElement, LittleText } from "./little-dom.ts";

function list(...items: readonly (readonly [id: string, text: string])[]): LittleElement {
  return element("ol", {}, ...items.map(([id, text]) => element("li", { id }, text)));
}

function become(from: LittleElement, to: LittleElement): void {
  morph(from, to, copyOf);
}

test("one tree becomes like the other", () => {
  const from = element("p", { class: "a", title: "t" }, "old ", element("b", {}, "bold"), " tail");
  const to = element(
    "p",
    { class: "b", lang: "en" },
    "new ",
    element("i", {}, "slanted"),
    element("b", {}, "bold"),
  );
  const wanted = to.outer;
  become(from, to);
  expect(from.outer.replace(' lang="en"', "")).toBe(wanted.replace(' lang="en"', ""));
  expect(from.getAttribute("title")).toBeNull();
});

test("what stays the same is not touched, so that it is not read out again", () => {
  const from = list(["a", "one"], ["b", "two"]);
  const [kept, changed] = from.childNodes;
  become(from, list(["a", "one"], ["b", "two and more"], ["c", "three"]));
  expect(from.childNodes[0]).toBe(kept);
  expect(from.childNodes[1]).toBe(changed);
  const texts = from.childNodes.map((child) => child.childNodes[0]);
  expect(texts.map((text) => (text instanceof LittleText ? text.changes : -1))).toEqual([0, 1, 0]);
  expect(from.textContent).toBe("onetwo and morethree");
});

test("elements with an id keep themselves wherever they move, and with them the focus", () => {
  const from = list(["a", "1"], ["b", "2"], ["c", "3"]);
  const [a, b, c] = from.childNodes;
  become(from, list(["c", "3"], ["new", "4"], ["a", "1"]));
  expect(from.childNodes.map((child) => child.textContent)).toEqual(["3", "4", "1"]);
  expect([from.childNodes[0], from.childNodes[2]]).toEqual(
    [c, a].filter((node) => node !== undefined),
  );
  expect(b?.parent).toBeUndefined();
});

test("a time that the page counts by itself is left alone until it is another one", () => {
  const from = element("span", { "data-since": "1" }, "0:07");
  become(from, element("span", { "data-since": "1" }, "since 12:00"));
  expect(from.textContent).toBe("0:07");
  become(from, element("span", { "data-since": "2" }, "since 12:01"));
  expect(from.textContent).toBe("since 12:01");
});

test("everything may go", () => {
  const from = list(["a", "1"], ["b", "2"]);
  become(from, list());
  expect(from.outer).toBe("<ol></ol>");
});

test("children that are in their order already are left in place, with their scroll and the focus", () => {
  const place = list(["a", "1"], ["b", "2"], ["c", "3"], ["d", "4"]);
  const [a, b, c, d] = place.childNodes;
  const put = spyOn(place, "insertBefore");
  const order = (...nodes: readonly (typeof a)[]): number => {
    put.mockClear();
    arrange(
      place,
      nodes.flatMap((node) => node ?? []),
    );
    expect(place.childNodes).toEqual(nodes.flatMap((node) => node ?? []));
    return put.mock.calls.length;
  };
  expect(order(a, b, c, d)).toBe(0);
  expect(order(a, c, d)).toBe(0);
  expect(order(d, a, c)).toBe(1);
  expect(order(b, d, a, c)).toBe(1);
});
