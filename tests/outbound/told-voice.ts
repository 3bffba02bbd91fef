/** A voice that keeps what outbound tells it of its replies. */
import { openUdp, type UdpEndpoint } from "../../src/udp.ts";
import { readySignalPort } from "../../src/wire/ports.ts";
import { encodeRegistration, type SignalKind } from "../../src/wire/registration.ts";
import { parseReport } from "../../src/wire/reports.ts";
import { ScriptedVoicePeer, type VoiceConnection } from "../fakes/scripted-voice-peer.ts";
import { until } from "../fakes/until.ts";

export class ToldVoice implements Disposable {
  /** In the order in which they came: stream, samples, over. Each is sent twice. */
  readonly played: (readonly [number, number, number])[] = [];
  readonly waits: number[] = [];
  readonly #peer: ScriptedVoicePeer;
  #endpoint: UdpEndpoint | undefined;

  private constructor(peer: ScriptedVoicePeer) {
    this.#peer = peer;
  }

  static async open(id: number): Promise<ToldVoice> {
    const voice = new ToldVoice(await ScriptedVoicePeer.open(id));
    await voice.hear();
    return voice;
  }

  /** On a socket of its own, and no longer on the one before. */
  async hear(): Promise<void> {
    this.#endpoint?.close();
    this.#endpoint = await openUdp({
      hostname: "127.0.0.1",
      port: 0,
      onDatagram: (bytes) => this.#told(bytes),
      onError: () => undefined,
    });
  }

  stopHearing(): void {
    this.#endpoint?.close();
  }

  /** From the socket that hears the reports. */
  signal(kind: SignalKind): void {
    const { callId } = this.#peer;
    this.#endpoint?.send(encodeRegistration(kind, callId), readySignalPort(callId), "127.0.0.1");
  }

  connection(index: number): Promise<VoiceConnection> {
    return this.#peer.connection(index);
  }

  /** Waits for as many, and takes them. */
  async told(count: number): Promise<(readonly [number, number, number])[]> {
    await until(() => this.played.length >= count, `${count} reports`);
    return this.played.splice(0);
  }

  [Symbol.dispose](): void {
    this.#endpoint?.close();
    this.#peer[Symbol.dispose]();
  }

  #told(bytes: Uint8Array): void {
    const report = parseReport(bytes);
    if (report.kind !== "played") throw new Error(`not a report: ${report.kind}`);
    if (report.callId.number !== this.#peer.callId.number) throw new Error("of another call");
    const { stream, samples, over, wait } = report.values;
    this.played.push([stream, samples, over]);
    this.waits.push(wait);
  }
}
