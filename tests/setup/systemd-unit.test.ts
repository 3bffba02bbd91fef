import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError } from "../../src/core/errors.ts";
import { parseCredential, systemdUnit, type UnitOptions } from "../../src/setup/systemd-unit.ts";

const options: UnitOptions = {
  // Stands for the executable, which the verifier wants to find.
  executable: "/bin/true",
  configFile: "/etc/wildfire/wildfire.toml",
  user: "wildfire",
  canNotify: true,
  credentials: [],
  memoryPercent: 80,
};

function caught(act: () => unknown): string {
  try {
    act();
    return "";
  } catch (error) {
    return describeError(error);
  }
}

function lines(more: Partial<UnitOptions> = {}): readonly string[] {
  return systemdUnit({ ...options, ...more }).split("\n");
}

describe("the unit", () => {
  test("says it is ready and fed only where systemd-notify can say it", () => {
    expect(lines()).toContain("Type=notify");
    expect(lines()).toContain("WatchdogSec=60");
    const plain = lines({ canNotify: false });
    expect(plain).toContain("Type=exec");
    expect(plain.some((line) => /^(WatchdogSec|NotifyAccess)=/.test(line))).toBeFalse();
  });

  test("lets the runtime compile, and says why", () => {
    expect(lines().some((line) => line.startsWith("MemoryDenyWriteExecute="))).toBeFalse();
    expect(systemdUnit(options)).toContain("# MemoryDenyWriteExecute= must stay off");
  });

  test("writes paths so that systemd reads them back", () => {
    expect(lines({ executable: "/opt/my phone/100%/wildfire" })).toContain(
      'ExecStart="/opt/my phone/100%%/wildfire" up --config /etc/wildfire/wildfire.toml',
    );
  });

  test("hands over secrets, and refuses what systemd would not take", () => {
    const credential = parseCredential("line.200@pbx=/root/secret 100%");
    expect(lines({ credentials: [credential] })).toContain(
      "LoadCredential=line.200@pbx:/root/secret 100%%",
    );
    for (const wrong of ["llama-key", "llama-key=relative", "a:b=/x", "x=/a\nExecStart=/bin/sh"]) {
      expect(() => parseCredential(wrong)).toThrow("cannot be used");
    }
  });

  test.each([
    ["lama-key=/root/k", "did you mean llama-key?"],
    ["line=/root/k", "line.USER@HOST"],
    ["database=/root/k", "there are llama-key, speech-key, "],
  ])("of %j says that no service would read it", (text, hint) => {
    const refusal = caught(() => parseCredential(text));
    expect(refusal).toContain("is no secret of Wildfire");
    expect(refusal).toContain(hint);
  });
});

const analyser = Bun.which("systemd-analyze");

describe.skipIf(analyser === null)(
  "by systemd's own judgement (skipped where systemd-analyze is not installed)",
  () => {
    let folder: string;
    let unit: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "wildfire-unit-"));
      unit = join(folder, "wildfire.service");
      const credentials = [{ name: "llama-key", file: "/root/llama-key" }];
      await Bun.write(unit, systemdUnit({ ...options, credentials }));
    });

    afterAll(() => rm(folder, { recursive: true }));

    function analyse(...argv: readonly string[]): { readonly code: number; readonly text: string } {
      const { exitCode, stdout, stderr } = Bun.spawnSync([analyser ?? "", ...argv, unit]);
      return { code: exitCode, text: `${stdout.toString()}${stderr.toString()}` };
    }

    test("the unit is right", () => {
      const { code, text } = analyse("verify", "--man=no");
      expect(text).not.toContain("wildfire.service:");
      expect(code).toBe(0);
    });

    test("what it may do is little: exposure below 2.5 of 10", () => {
      const { code, text } = analyse("security", "--offline=yes", "--threshold=25");
      expect(text).toContain("Overall exposure level for wildfire.service");
      expect(code).toBe(0);
    });
  },
);
