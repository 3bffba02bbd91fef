/** The address and key of a server that answers or speaks. */
import type { FoundServer, ServerAddress, SetupDesk } from "../setup-desk.ts";
import type { Choice } from "../setup-prompter.ts";
import { secretProblem } from "./calls-question.ts";

export interface ServerQuestion {
  /** `chat server`. */
  readonly what: string;
  readonly placeholder: string;
  /** What was chosen from the list: the value of a server, or else an address is asked for. */
  readonly chosen: string;
  readonly found: readonly FoundServer[];
  readonly present: { readonly url: string | undefined; readonly key: string | undefined };
  /** What a server offers that was not found but given; empty where it does not say. */
  readonly namesOf: (server: ServerAddress, signal: AbortSignal) => Promise<readonly string[]>;
}

export interface AnsweredServer extends ServerAddress {
  readonly names: readonly string[];
}

/** Of `SelectQuestion`: any server that is not in the list. */
export const otherServer = "other";

/** Asks for what is not known yet, and then the server for its models or voices; undefined: go back. */
export async function askServer(
  desk: SetupDesk,
  question: ServerQuestion,
): Promise<AnsweredServer | undefined> {
  const { present, chosen, found, what } = question;
  const isOther = chosen === otherServer;
  const url = isOther ? await askUrl(desk, question) : listedUrl(question);
  if (url === "") return undefined;
  // A key is for one server: it is not shown to another.
  const kept = isSameOrigin(present.url, url) ? present.key : undefined;
  const key = isOther ? await askKey(desk, kept) : kept;
  const known = found.find((server) => serverValue(server.url) === chosen);
  if (known !== undefined) return { url, key, names: known.names };
  const asked = await desk.prompter.busy({
    label: `Asking the ${what} what it has`,
    run: (signal) => question.namesOf({ url, key }, signal),
  });
  return { url, key, names: asked.kind === "done" ? asked.value : [] };
}

/** As it stands in the configuration, if that is the one. */
function listedUrl({ chosen, present }: ServerQuestion): string {
  const { url } = present;
  return url !== undefined && serverValue(url) === chosen ? url : chosen;
}

async function askUrl({ prompter }: SetupDesk, question: ServerQuestion): Promise<string> {
  const { what, placeholder, present } = question;
  const typed = await prompter.text({
    message: `Address of the ${what} (empty: back)`,
    placeholder,
    ...(present.url === undefined ? {} : { initial: present.url }),
    problem: (answer) => (answer.trim() === "" ? undefined : urlProblem(answer)),
  });
  return typed.trim();
}

async function askKey(
  { prompter }: SetupDesk,
  kept: string | undefined,
): Promise<string | undefined> {
  const typed = await prompter.password({
    message: kept === undefined ? "Its key (empty: none)" : "Its key (empty: as before)",
    problem: (answer) => (answer === "" ? undefined : secretProblem(answer)),
  });
  return typed === "" ? kept : typed;
}

/** What is wrong with the address of a server; undefined for a right one. */
export function urlProblem(answer: string): string | undefined {
  const url = URL.parse(answer.trim());
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return "Please write it like http://192.168.1.20:8080";
  }
  if (url.username !== "" || url.password !== "")
    return "Without a password: the key is asked next.";
  return undefined;
}

/** Found servers, and the configured one where it was not found. */
export function foundChoices(
  found: readonly FoundServer[],
  presentUrl: string | undefined,
): readonly Choice<string>[] {
  const choices = found.map(({ url, software, names }) => ({
    value: serverValue(url),
    label: `${software ?? "A server"} at ${hostOf(url)}`,
    ...(names[0] === undefined ? {} : { hint: summary(names) }),
  }));
  if (presentUrl === undefined) return choices;
  const isFound = choices.some(({ value }) => value === serverValue(presentUrl));
  const present = { value: serverValue(presentUrl), label: hostOf(presentUrl), hint: "as before" };
  return isFound ? choices : [present, ...choices];
}

/** The same address is one choice, however it is written. */
export function serverValue(url: string): string {
  return url.replace(/\/+$/, "");
}

function summary([first = "", ...rest]: readonly string[]): string {
  return rest.length === 0 ? first : `${first} and ${rest.length} more`;
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url;
}

/** Of two addresses; false where one is missing. */
export function isSameOrigin(one: string | undefined, other: string): boolean {
  const origin = URL.parse(one ?? "")?.origin;
  return origin !== undefined && origin === URL.parse(other)?.origin;
}
