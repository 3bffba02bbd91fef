/** What the built-in voice and its worker thread say to each other. */
import type { FlitePiece, FliteVoice, SpokenPiece } from "./flite-synthesis.ts";

export type ToFliteWorker =
  | {
      readonly kind: "open";
      /** Of flite's WebAssembly module; readable with `Bun.file`. */
      readonly modulePath: string;
      /** Spoken once before the first request, so that its code is compiled by then. */
      readonly warmUp: FliteVoice;
    }
  | ({ readonly kind: "speak"; readonly id: number } & FlitePiece);

/** One answer to each `speak`, in order. A module that cannot be opened fails all of them. */
export type FromFliteWorker =
  | ({ readonly kind: "spoken"; readonly id: number } & SpokenPiece)
  | { readonly kind: "failed"; readonly id: number; readonly message: string };
