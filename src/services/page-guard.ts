/** Refuses changes after which nobody would have a page to take them back, before anything is written. */
import { lookup } from "node:dns/promises";
import { hostname, networkInterfaces } from "node:os";
import type { ConfigChange } from "../config/config-edit.ts";
import { servicesToRun } from "../config/config-plan.ts";
import { findSection } from "../config/config-schema.ts";
import { defaultOf, optionName, type OptionValue } from "../config/options.ts";
import { quote, WildfireError } from "../core/errors.ts";
import type { TcpHandlers } from "../tcp-link.ts";
import { listenTcp } from "../tcp.ts";
import { inspectCertificate } from "../web/certificate/certificate-facts.ts";
import { isLoopback } from "../web/request-origin.ts";
import type { FieldProblem, SecretChange } from "../web/settings/settings-desk.ts";
import type { ReadSettings } from "./settings-reading.ts";
import { settingsView } from "./settings-view.ts";
import { httpsKind, type HttpsValues, readCertificate } from "./web-options.ts";

export interface PageChange {
  /** They are right for themselves. */
  readonly changes: readonly ConfigChange[];
  readonly secrets: readonly SecretChange[];
  /** From where the page is looked at; undefined where that is not known. */
  readonly fromAddress?: string | undefined;
}

/** What can be said without trying. */
export function pageProblems(read: ReadSettings, change: PageChange): readonly FieldProblem[] {
  return [
    ...passwordProblems(read, change),
    ...farAwayProblems(read, change),
    ...portProblems(read, change),
    ...runProblems(read, change),
  ];
}

/** Whether the page could be opened there: tries the port, and reads the certificate. */
export async function pageTrialProblems(
  read: ReadSettings,
  { changes }: PageChange,
): Promise<readonly FieldProblem[]> {
  return [...(await placeProblems(read, changes)), ...(await certificateProblems(read, changes))];
}

/** For people, of the settings that were read. */
export function pageAddress(read: ReadSettings): string {
  const { bind, port } = placeAfter(read, []);
  return `${httpsKind(httpsAfter(read, [])) === "off" ? "http" : "https"}://${hostIn(bind)}:${port}/`;
}

function hostIn(bind: string): string {
  if (isLoopback(bind)) return "localhost";
  if (wildcards.includes(bind)) return hostname();
  return bind.includes(":") ? `[${bind}]` : bind;
}

type Changes = readonly ConfigChange[];

function problem(field: string, message: string, hint?: string): FieldProblem {
  return { field, message, hint };
}

function valueBefore(read: ReadSettings, section: string, key: string): OptionValue | undefined {
  return read.effective.sections.get(section)?.get(key)?.value;
}

function changeOf(changes: Changes, section: string, key: string): ConfigChange | undefined {
  return changes.findLast((one) => one.section === section && optionName(one.key) === key);
}

/** As it counts once the changes are made. */
function valueAfter(
  read: ReadSettings,
  changes: Changes,
  section: string,
  key: string,
): OptionValue | undefined {
  const change = changeOf(changes, section, key);
  if (change === undefined) return valueBefore(read, section, key);
  const option = findSection(read.schema, section)?.options[key];
  return change.value ?? (option === undefined ? undefined : defaultOf(option));
}

interface PagePlace {
  readonly bind: string;
  readonly port: number;
}

const usualPlace: PagePlace = { bind: "127.0.0.1", port: 8081 };

function placeFrom(bind: OptionValue | undefined, port: OptionValue | undefined): PagePlace {
  return {
    bind: typeof bind === "string" ? bind : usualPlace.bind,
    port: typeof port === "number" ? port : usualPlace.port,
  };
}

function placeAfter(read: ReadSettings, changes: Changes): PagePlace {
  const value = (key: string) => valueAfter(read, changes, "web", key);
  return placeFrom(value("bind"), value("port"));
}

function passwordProblems(read: ReadSettings, { changes, secrets }: PageChange) {
  const isBindChanged = changeOf(changes, "web", "bind") !== undefined;
  const change = secrets.findLast(({ name }) => name === "web-password");
  if (!isBindChanged && change === undefined) return [];
  const wasSet = settingsView(read).secrets.some(
    ({ name, isSet }) => name === "web-password" && isSet,
  );
  const hasPassword = change === undefined ? wasSet : change.value !== undefined;
  if (hasPassword || isLoopback(placeAfter(read, changes).bind)) return [];
  const message = "this would show the page to others without a password";
  return isBindChanged
    ? [problem("web.bind", message, "set a password of the page first")]
    : [problem("secret.web-password", message, "bind the page to 127.0.0.1 first")];
}

/** As a socket for both families tells one of IPv4. */
const mappedPrefix = "::ffff:";

function farAwayProblems(read: ReadSettings, { changes, fromAddress = "" }: PageChange) {
  const from = fromAddress.replace(mappedPrefix, "");
  const { bind } = placeAfter(read, changes);
  const isChanged = changeOf(changes, "web", "bind") !== undefined;
  if (!isChanged || from === "" || isLoopback(from) || !isLoopback(bind)) return [];
  const message = `you look at this page from ${from}, where it would not be seen any more`;
  return [problem("web.bind", message, "change it on the host itself, where it can be seen")];
}

/** Browsers open no page there, since other protocols are spoken on these; those above 1023. */
const closedPorts: ReadonlySet<number> = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
  6679, 6697, 10_080,
]);
/** And below that, where only these are for pages. */
const lowPagePorts: readonly number[] = [80, 443];

function portProblems(read: ReadSettings, { changes }: PageChange) {
  if (changeOf(changes, "web", "port") === undefined) return [];
  const { port } = placeAfter(read, changes);
  if (port === 0) {
    const message = "0 is another port at each start, and nobody would find the page";
    return [problem("web.port", message, "choose a port, such as 8081")];
  }
  const isClosed = port < 1024 ? !lowPagePorts.includes(port) : closedPorts.has(port);
  if (!isClosed) return [];
  const message = `browsers open no page on port ${port}, or other programs count on it`;
  return [problem("web.port", message, "choose 80, 443, or another port above 1023")];
}

function runProblems(read: ReadSettings, { changes }: PageChange) {
  const value = changeOf(changes, "services", "run")?.value;
  const runs = servicesToRun(read.effective).includes("web");
  if (!runs || typeof value !== "object" || value.length === 0 || value.includes("web")) return [];
  const message = "without web in it this page would be gone";
  return [problem("services.run", message, "take web out of it in the file, on the host")];
}

async function placeProblems(
  read: ReadSettings,
  changes: Changes,
): Promise<readonly FieldProblem[]> {
  const [before, after] = [placeAfter(read, []), placeAfter(read, changes)];
  const isPortNew = after.port !== before.port;
  if (!isPortNew && after.bind === before.bind) return [];
  const unknown = after.bind === before.bind ? undefined : await bindProblem(after.bind);
  if (unknown !== undefined) return [unknown];
  const field = isPortNew ? "web.port" : "web.bind";
  const hosts = isPortNew ? [after.bind] : newAddresses(before.bind, after.bind);
  return hosts.flatMap((host) => listenProblem(field, host, after.port) ?? []).slice(0, 1);
}

const wildcards: readonly string[] = ["0.0.0.0", "::"];

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list = []) =>
    list.map(({ address }) => address),
  );
}

async function bindProblem(bind: string): Promise<FieldProblem | undefined> {
  if (wildcards.includes(bind) || isLoopback(bind)) return undefined;
  const found = await lookup(bind, { all: true }).catch(() => []);
  const own = ownAddresses();
  const isOwn = found.some(({ address }) => own.includes(address) || wildcards.includes(address));
  if (isOwn) return undefined;
  const known = own.filter((address) => !isLoopback(address) && !address.startsWith("fe80:"));
  const hint = `it has ${[...known, "127.0.0.1"].slice(0, 6).join(", ")}; 0.0.0.0 stands for all`;
  return problem("web.bind", `this host has no address ${quote(bind, 80)}`, hint);
}

/** Which addresses the page has not itself taken at this port. */
function newAddresses(before: string, after: string): readonly string[] {
  if (wildcards.includes(before)) return [];
  const addresses = wildcards.includes(after) ? ownAddresses() : [after];
  const isHeld = (address: string): boolean =>
    address === before || (isLoopback(address) && isLoopback(before));
  return addresses.filter((address) => !isHeld(address) && !address.startsWith("fe80:"));
}

/** Whoever comes in the moment of the trial. */
function accept(): TcpHandlers {
  return { data: () => undefined, closed: () => undefined };
}

function listenProblem(field: string, host: string, port: number): FieldProblem | undefined {
  try {
    listenTcp({ hostname: host, port, maxPendingBytes: 1, accept }).stop(true);
    return undefined;
  } catch (error) {
    if (!(error instanceof WildfireError)) throw error;
    return problem(field, `the page could not be opened there: ${error.message}`, error.hint);
  }
}

const certificateKeys = ["tls", "tls-cert", "tls-key"] as const;

async function certificateProblems(
  read: ReadSettings,
  changes: Changes,
): Promise<readonly FieldProblem[]> {
  if (certificateKeys.every((key) => changeOf(changes, "web", key) === undefined)) return [];
  const values = httpsAfter(read, changes);
  if (httpsKind(values) !== "files") return [];
  const { "tls-cert": cert, "tls-key": key } = values;
  const hint = "name both, certificate and key, or choose another way of https";
  if (cert === undefined) return [problem("web.tls-cert", "https from files needs this", hint)];
  if (key === undefined) return [problem("web.tls-key", "https from files needs this", hint)];
  try {
    const pair = await readCertificate(values);
    const verdict = pair === undefined ? undefined : inspectCertificate(pair);
    if (verdict?.kind !== "unusable") return [];
    return [problem("web.tls-cert", verdict.problem, "give PEM files that belong together")];
  } catch (error) {
    if (!(error instanceof WildfireError)) throw error;
    const field = error.message.startsWith("--tls-key") ? "web.tls-key" : "web.tls-cert";
    return [problem(field, error.message.replace(/^--tls-\w+ /, ""), error.hint)];
  }
}

function httpsAfter(read: ReadSettings, changes: Changes): HttpsValues {
  const text = (key: string): string | undefined => {
    const value = valueAfter(read, changes, "web", key);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return { tls: text("tls"), "tls-cert": text("tls-cert"), "tls-key": text("tls-key") };
}
