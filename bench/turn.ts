/** One turn of a measured program: so many utterances, and what they cost. */
import type { LineProcess } from "./line-process.ts";

export interface Turn {
  /** Processor time of the program since its last turn. */
  readonly cpuUs: number;
  readonly wallMs: number;
  /** Of the texts, the same for the same ones. */
  readonly digest: string;
}

export async function takeTurn(program: LineProcess, utterances: number): Promise<Turn> {
  const startedMs = performance.now();
  const [cpuUs, digest] = (await program.ask(String(utterances))).split(" ");
  return { cpuUs: Number(cpuUs), wallMs: performance.now() - startedMs, digest: digest ?? "" };
}
