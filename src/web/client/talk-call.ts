/** A call from this browser: the microphone, the sound card and the connection, freed together. */
import {
  type HangUpReason,
  talkAliveEveryMs,
  type TalkEvent,
  talkPath,
} from "../talk/talk-events.ts";
import { parseFields } from "./fields.ts";
import type {
  CallNavigator,
  MicrophoneStream,
  SoundContext,
  SoundNode,
  WorkletNode,
} from "./talk-browser.ts";
import {
  insecureProblem,
  lostProblem,
  microphoneProblem,
  noSoundProblem,
  refusedProblem,
  silentProblem,
} from "./talk-problems.ts";
import type { PageHappening, TalkProblem } from "./talk-states.ts";

declare const navigator: CallNavigator;
declare const location: { readonly host: string; readonly protocol: string };
declare const AudioContext:
  (new (options: { readonly latencyHint: string }) => SoundContext) | undefined;
declare const AudioWorkletNode: new (
  context: SoundContext,
  name: string,
  options: { readonly outputChannelCount: readonly number[] },
) => WorkletNode & SoundNode;

export interface TalkCallOptions {
  readonly onHappening: (happening: TalkEvent | PageHappening) => void;
  /** 0..1 each, some twenty times a second. */
  readonly onLevels: (you: number, agent: number) => void;
}

/** More than this does not wait for a network that stands still: a quarter of a second. */
const maxWaitingBytes = 8192;
const lostAfterMs = 8 * talkAliveEveryMs;
const soundLimitMs = 8000;

export class TalkCall {
  readonly #options: TalkCallOptions;
  #stream: MicrophoneStream | undefined;
  #context: SoundContext | undefined;
  #node: WorkletNode | undefined;
  #socket: WebSocket | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #heardMs = 0;
  #isAnswered = false;
  #hasRung = false;
  #isOver = false;

  constructor(options: TalkCallOptions) {
    this.#options = options;
  }

  /** Never rejects: what goes wrong is told. */
  async start(): Promise<void> {
    this.#options.onHappening({ kind: "call" });
    try {
      const { mediaDevices } = navigator;
      if (mediaDevices === undefined) {
        this.#leave("no microphone", insecureProblem(location.host));
        return;
      }
      const audio = {
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        channelCount: 1,
      };
      this.#stream = await mediaDevices.getUserMedia({ audio });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : { name: "", message: "" };
      this.#leave("no microphone", microphoneProblem(name, message));
      return;
    }
    await this.#withMicrophone(this.#stream);
  }

  hangUp(reason: HangUpReason = "hung up"): void {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ kind: "hang-up", reason }));
    }
    this.#leave(reason);
  }

  async #withMicrophone(stream: MicrophoneStream): Promise<void> {
    if (this.#isOver) {
      this.#free();
      return;
    }
    for (const track of stream.getTracks()) {
      track.addEventListener("ended", () => this.hangUp("the microphone is gone"));
    }
    this.#options.onHappening({ kind: "microphone" });
    // A browser that has nothing to play sound on never says so: it keeps the page waiting.
    const limit = setTimeout(() => this.#leave("no sound", silentProblem), soundLimitMs);
    try {
      await this.#openSound(stream);
    } catch {
      this.#leave("no sound", noSoundProblem);
      return;
    } finally {
      clearTimeout(limit);
    }
    if (this.#isOver) this.#free();
    else this.#connect();
  }

  async #openSound(stream: MicrophoneStream): Promise<void> {
    if (AudioContext === undefined) throw new TypeError("no AudioContext");
    const context = new AudioContext({ latencyHint: "interactive" });
    this.#context = context;
    if (context.audioWorklet === undefined) throw new TypeError("no AudioWorklet");
    await context.audioWorklet.addModule(new URL("./talk-worklet.js", import.meta.url).href);
    await context.resume();
    if (this.#isOver) return;
    const node = new AudioWorkletNode(context, "wildfire-talk", { outputChannelCount: [1] });
    node.port.addEventListener("message", ({ data }) => this.#fromSound(data));
    node.port.start();
    context.createMediaStreamSource(stream).connect(node);
    node.connect(context.destination);
    this.#node = node;
  }

  #connect(): void {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${talkPath}`);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.#message(data));
    socket.addEventListener("close", () =>
      this.#leave("connection lost", this.#hasRung ? lostProblem : refusedProblem),
    );
    this.#socket = socket;
    this.#heardMs = performance.now();
    this.#watch = setInterval(() => this.#check(), talkAliveEveryMs);
  }

  #message(data: unknown): void {
    if (this.#isOver) return;
    this.#heardMs = performance.now();
    if (data instanceof ArrayBuffer) this.#node?.port.postMessage(data, [data]);
    else if (typeof data === "string") this.#told(data);
  }

  #told(text: string): void {
    const event = talkEventIn(text);
    if (event === undefined) return;
    this.#hasRung = true;
    if (event.kind === "answered") this.#isAnswered = true;
    if (event.kind === "interrupted") this.#node?.port.postMessage("flush", []);
    this.#options.onHappening(event);
    if (event.kind === "ended") this.#leave(event.reason);
  }

  /** Frames of the microphone, and levels. */
  #fromSound(data: unknown): void {
    // What was on its way from the sound thread when the call ended.
    if (this.#isOver) return;
    const socket = this.#socket;
    if (data instanceof ArrayBuffer) {
      const isRoom = socket !== undefined && socket.bufferedAmount < maxWaitingBytes;
      if (isRoom && this.#isAnswered && socket.readyState === WebSocket.OPEN) socket.send(data);
      return;
    }
    if (typeof data !== "object" || data === null || !("you" in data) || !("agent" in data)) return;
    this.#options.onLevels(Number(data.you), Number(data.agent));
  }

  /** A network may be gone without anybody saying so. */
  #check(): void {
    if (performance.now() - this.#heardMs > lostAfterMs)
      this.#leave("connection lost", lostProblem);
  }

  #leave(ending: string, problem?: TalkProblem): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#free();
    const told = problem === undefined ? {} : { problem };
    this.#options.onHappening({ kind: "left", ending, ...told });
  }

  #free(): void {
    clearInterval(this.#watch);
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    void this.#context?.close().catch(() => undefined);
    this.#context = undefined;
    this.#socket?.close();
    this.#options.onLevels(0, 0);
  }
}

/** The server is of the same build, so that its events are what they say. */
function talkEventIn(text: string): TalkEvent | undefined {
  const fields = parseFields(text);
  return isTalkEvent(fields) ? fields : undefined;
}

function isTalkEvent(fields: object): fields is TalkEvent {
  return "kind" in fields && typeof fields.kind === "string";
}
