/** What pages and routes know of the models of the ears, and what they do with them. */
import type { PullState } from "../models-store/model-pulls.ts";
import type { ShelfView } from "../models-store/model-shelf.ts";

export interface ModelsView extends ShelfView {
  /** Address of the folder that models come from. */
  readonly source: string;
  readonly isMirror: boolean;
  readonly pull: PullState;
}

export interface PullWish {
  /** Instead of the usual place. */
  readonly mirror: string | undefined;
  readonly sha256: string | undefined;
}

/** What cannot be done is a WildfireError. */
export interface ModelDesk {
  view(): Promise<ModelsView>;
  pullState(): PullState;
  /** Returns once it has begun; one at a time. */
  pull(name: string, wish: PullWish): PullState;
  /** What is there by then is kept. */
  cancel(name: string): void;
  /** Refuses one that is in use. */
  remove(name: string): Promise<void>;
  /** Resolves to what was saved and what starts again, in sentences. */
  use(name: string): Promise<string>;
  /** Something looks different; also a download, with each of its pieces. */
  onChanged(listener: () => void): void;
}
