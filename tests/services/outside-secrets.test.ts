import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSecrets } from "../../src/config/secrets-file.ts";
import {
  outsideSecrets,
  outsideVariable,
  readOutsideSecrets,
  writeOutsideSecrets,
} from "../../src/services/outside-secrets.ts";
import { loadServiceEnvironments } from "../../src/supervisor/service-environments.ts";

test("what comes from elsewhere than the file is named with its place, and without its value", async () => {
  const folder = mkdtempSync(join(tmpdir(), "wildfire-outside-"));
  try {
    const path = join(folder, "secrets.toml");
    const text = 'llama-key = "geheim-1"\nspeech-key = "geheim-2"\nline."200@pbx" = "geheim-3"\n';
    writeFileSync(path, text, { mode: 0o600 });
    writeFileSync(join(folder, "line.300@pbx"), "geheim-4\n");
    const env = {
      WILDFIRE_LLAMA_KEY: "geheim-5",
      WILDFIRE_LINE_200_PASSWORD: "geheim-6",
      WILDFIRE_LINE_400_PASSWORD: "",
      CREDENTIALS_DIRECTORY: folder,
    };
    const { secrets } = await loadSecrets({ path, env });
    const outside = outsideSecrets({ secrets, env, path });
    const expected = new Map([
      ["llama-key", "WILDFIRE_LLAMA_KEY"],
      ["line.300@pbx", "credential line.300@pbx"],
      ["WILDFIRE_LINE_200_PASSWORD", "WILDFIRE_LINE_200_PASSWORD"],
    ]);
    expect(outside).toEqual(expected);
    const written = writeOutsideSecrets(outside);
    expect(written).not.toContain("geheim");
    expect(readOutsideSecrets(written)).toEqual(expected);
    const file = { path: join(folder, "wildfire.toml"), sections: {} };
    const { environmentOf } = await loadServiceEnvironments(file, env);
    expect(environmentOf("web")[outsideVariable]).toBe(written);
    expect(environmentOf("llama")[outsideVariable]).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.each(["", "null", "[]x", "5"])("%j names none", (text) => {
  expect(readOutsideSecrets(text)).toEqual(new Map());
});
