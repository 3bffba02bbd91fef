/** The things of a browser that a call uses, typed as far as it uses them. */

export interface AudioTrack {
  stop(): void;
  addEventListener(kind: "ended", action: () => void): void;
}

export interface MicrophoneStream {
  getTracks(): readonly AudioTrack[];
}

export interface SoundNode {
  connect(to: SoundNode): void;
}

interface SoundPort {
  addEventListener(kind: "message", take: (message: { readonly data: unknown }) => void): void;
  /** Nothing is taken before it. */
  start(): void;
  postMessage(value: unknown, transfer: readonly ArrayBuffer[]): void;
}

export interface WorkletNode extends SoundNode {
  readonly port: SoundPort;
}

export interface SoundContext {
  readonly destination: SoundNode;
  readonly audioWorklet?: { addModule(url: string): Promise<void> };
  createMediaStreamSource(stream: MicrophoneStream): SoundNode;
  resume(): Promise<void>;
  close(): Promise<void>;
}

export interface CallNavigator {
  /** Absent where the page is not secure. */
  readonly mediaDevices?: {
    getUserMedia(wanted: {
      readonly audio: Readonly<Record<string, boolean | number>>;
    }): Promise<MicrophoneStream>;
  };
}
