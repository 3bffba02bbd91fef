/** Whatever is linked into the executable is named in THIRD-PARTY.md. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { hostTarget } from "../../scripts/bootstrap/platform.mjs";
import { repositoryPath } from "../end-to-end/executable.ts";

interface SourceMap {
  readonly sources: readonly string[];
}

function isSourceMap(value: unknown): value is SourceMap {
  return typeof value === "object" && value !== null && "sources" in value;
}

/** Names of the npm packages with at least one file in the executable, by its source map. */
function linkedPackages(): string[] {
  const path = repositoryPath(`build/executable/${hostTarget}/wildfire.map`);
  const map: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!isSourceMap(map)) throw new Error(`${path} is not a source map`);
  const names = map.sources.map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

test("every linked npm package is in the notices", () => {
  const notices = readFileSync(repositoryPath("THIRD-PARTY.md"), "utf8");
  const packages = linkedPackages();
  expect(packages).toContain("@clack/prompts");
  expect(packages.filter((name) => !notices.includes(`\`${name}\``))).toEqual([]);
});
