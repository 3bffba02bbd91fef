/** Declares tests that need the real telephone programs, or one skipped test that says why not. */
import { describe, test } from "bun:test";
import { obtainPeers, type PeerRoot } from "./peer-packages.ts";

export async function describeWithPeers(
  title: string,
  body: (root: PeerRoot) => void,
): Promise<void> {
  const peers = await obtainPeers();
  if (peers.kind === "there") describe(title, () => body(peers.root));
  else test.skip(`${title}: ${peers.reason}`, () => undefined);
}
