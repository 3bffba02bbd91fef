/** Whatever of others is in the executable is named in THIRD-PARTY.md. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { hostTarget } from "../../scripts/bootstrap/platform.mjs";
import { sileroModel, sileroSource } from "../../scripts/builder/silero-model.ts";
import { repositoryPath } from "../end-to-end/executable.ts";

interface SourceMap {
  readonly sources: readonly string[];
}

function isSourceMap(value: unknown): value is SourceMap {
  return typeof value === "object" && value !== null && "sources" in value;
}

function readNotices(): string {
  return readFileSync(repositoryPath("THIRD-PARTY.md"), "utf8");
}

function packageOf(path: string): string | undefined {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
}

/** Names of the npm packages with at least one file in the executable, by its source map. */
function linkedPackages(): string[] {
  const path = repositoryPath(`build/executable/${hostTarget}/wildfire.map`);
  const map: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!isSourceMap(map)) throw new Error(`${path} is not a source map`);
  const names = map.sources.map(packageOf);
  return [...new Set(names.filter((name) => name !== undefined))];
}

test("every linked npm package is in the notices", () => {
  const notices = readNotices();
  const packages = linkedPackages();
  expect(packages).toContain("@clack/prompts");
  expect(packages.filter((name) => !notices.includes(`\`${name}\``))).toEqual([]);
});

test("the voice activity model is in the notices with version, author and the package it came in", () => {
  const notices = readNotices();
  const version = /v\d+\.\d+\.\d+/.exec(sileroModel)?.[0];
  expect(notices).toContain(`Silero VAD, ${version}`);
  expect(notices).toContain("Silero VAD: Copyright (c) 2020-present Silero Team");
  expect(notices).toContain(`\`${packageOf(sileroSource)}\``);
});
