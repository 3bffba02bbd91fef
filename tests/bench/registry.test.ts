import { describe, expect, test } from "bun:test";
import { benches } from "../../bench/benches.ts";
import { measures, selectMeasures } from "../../bench/registry.ts";

const names = measures.map(({ name }) => name);

describe("the registry of measures", () => {
  test("names are lower-case words with hyphens and dots, each once", () => {
    for (const name of names) expect(name).toMatch(/^[a-z0-9]+(?:[-.][a-z0-9]+)*$/);
    expect(new Set(names).size).toBe(names.length);
  });

  test("each name is reported by one bench", () => {
    expect(benches.flatMap((bench) => bench.names).toSorted()).toEqual(names.toSorted());
  });

  test("the README explains each name", async () => {
    const readme = await Bun.file("bench/README.md").text();
    for (const name of names) expect(readme).toContain(`\`${name}\``);
  });
});

describe("selecting measures", () => {
  test("a whole name stands for itself and what it is divided into", () => {
    expect(selectMeasures("ffi.cpu-ratio.demo")).toEqual(["ffi.cpu-ratio.demo"]);
    expect(selectMeasures("ffi.cpu-ratio")).toEqual([
      "ffi.cpu-ratio",
      "ffi.cpu-ratio.demo",
      "ffi.cpu-ratio.base",
    ]);
  });

  test("the part before a dot stands for the group, a part of a word for nothing", () => {
    expect(selectMeasures("start")).toEqual(["start.ready-ms.demo", "start.ready-ms.base"]);
    expect(selectMeasures("sta")).toEqual([]);
    expect(selectMeasures("register")).not.toContain("registration.lost");
  });
});
