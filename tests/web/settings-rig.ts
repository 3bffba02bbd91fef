/** The web service with files of its own to change, and a supervisor that is played. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "bun:test";
import { fieldsOf, WebRig } from "./web-rig.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Matches a text that holds this one. */
export function holding(part: string): unknown {
  return expect.stringContaining(part);
}

export class SettingsRig {
  readonly web = new WebRig();
  readonly folder = mkdtempSync(join(tmpdir(), "wildfire-settings-"));
  readonly config = join(this.folder, "wildfire.toml");
  readonly secretsPath = join(this.folder, "secrets.toml");

  get configText(): string {
    return readFileSync(this.config, "utf8");
  }

  /** `hash`: of the password of the page. */
  async start(configText: string, hash?: string): Promise<void> {
    writeFileSync(this.config, configText);
    await this.web.start({ config: this.config }, hash);
  }

  /** Returns the commands that it was told. */
  playSupervisor(answer: Fields | Error): readonly string[] {
    const asked: string[] = [];
    this.web.play("supervisor", {
      describe: () => ({ services: [] }),
      async command(name) {
        asked.push(name);
        if (answer instanceof Error) throw answer;
        return answer;
      },
    });
    return asked;
  }

  async post(body: object, headers?: Readonly<Record<string, string>>): Promise<Fields> {
    const who = headers ?? { "x-csrf-token": await this.web.csrf() };
    const sent = { ...who, "content-type": "application/json" };
    const response = await this.web.post("/api/v1/settings", sent, JSON.stringify(body));
    return { status: response.status, ...fieldsOf(await response.json()) };
  }

  async change(section: string, key: string, value: unknown): Promise<Fields> {
    return await this.post({ changes: [{ section, key, value }] });
  }

  async view(): Promise<Fields> {
    return await this.web.json("/api/v1/settings");
  }

  async setting(section: string, key: string): Promise<Fields> {
    const owner = listIn(await this.view(), "sections").find(({ name }) => name === section);
    return listIn(owner ?? {}, "settings").find((setting) => setting["key"] === key) ?? {};
  }

  async secret(wanted: string): Promise<Fields> {
    return listIn(await this.view(), "secrets").find(({ name }) => name === wanted) ?? {};
  }

  async free(): Promise<void> {
    await this.web.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function listIn(fields: Fields, name: string): readonly Fields[] {
  const list: readonly unknown[] = Array.isArray(fields[name]) ? fields[name] : [];
  return list.map(fieldsOf);
}
