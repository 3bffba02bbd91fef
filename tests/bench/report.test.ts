import { describe, expect, test } from "bun:test";
import { measures } from "../../bench/registry.ts";
import { formatHeader, formatJson, formatRow, judge } from "../../bench/report.ts";

describe("judging", () => {
  test("a value at the bar passes, one above does not", () => {
    expect(judge("ffi.cpu-ratio", 1.02).pass).toBe(true);
    expect(judge("ffi.cpu-ratio", 1.021).pass).toBe(false);
  });

  test("rounding for the reader never turns a missed bar into a met one", () => {
    expect(judge("ffi.cpu-ratio", 1.02004)).toMatchObject({ value: 1.02, pass: false });
  });

  test("a value that is no number misses a bar", () => {
    expect(judge("ffi.cpu-ratio", Number.NaN).pass).toBe(false);
  });

  test("a measure without a bar always passes", () => {
    expect(judge("memory.peak-mb.base", 1e9)).toMatchObject({ bar: null, pass: true });
  });
});

describe("the JSON", () => {
  test("is an array of objects with exactly the agreed keys, in their order", () => {
    const entries = [judge("registration.lost", 0), judge("start.ready-ms.demo", 165.4321)];
    const parsed: unknown = JSON.parse(formatJson(entries));
    expect(parsed).toEqual([
      { name: "registration.lost", value: 0, unit: "datagrams", bar: 0, pass: true },
      { name: "start.ready-ms.demo", value: 165.4, unit: "ms", bar: null, pass: true },
    ]);
    expect(entries.map((entry) => Object.keys(entry).join())).toEqual([
      "name,value,unit,bar,pass",
      "name,value,unit,bar,pass",
    ]);
  });

  test("of no entries is an empty array", () => {
    expect(JSON.parse(formatJson([]))).toEqual([]);
  });
});

describe("the table", () => {
  test("rows stand under the header's columns, whatever the name", () => {
    const unitColumn = formatHeader().indexOf("unit");
    const passColumn = formatHeader().indexOf("pass");
    for (const { name, unit } of measures) {
      const row = formatRow(judge(name, 12.345));
      expect(row.slice(unitColumn)).toStartWith(unit);
      expect(row.slice(passColumn)).toMatch(/^(?:yes|NO|-)$/);
    }
  });

  test("a missed bar stands out", () => {
    expect(formatRow(judge("registration.lost", 3))).toEndWith("≤ 0  NO");
    expect(formatRow(judge("registration.lost", 0))).toEndWith("≤ 0  yes");
    expect(formatRow(judge("start.ready-ms.base", 3))).toEndWith("-  -");
  });
});
