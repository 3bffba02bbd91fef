/** Why a browser cannot call, in words, and what to do about it; pure. */
import type { TalkProblem } from "./talk-states.ts";

/** What a browser says when it gives no microphone. */
const microphoneProblems: ReadonlyMap<string, TalkProblem> = new Map([
  [
    "NotAllowedError",
    {
      what: "The microphone is not allowed.",
      hint: "Allow it for this page: in the address bar, at the symbol in front of the address.",
    },
  ],
  [
    "NotFoundError",
    {
      what: "There is no microphone.",
      hint: "Connect one, or choose one in the system's settings.",
    },
  ],
  [
    "NotReadableError",
    {
      what: "The microphone cannot be read.",
      hint: "Another program may have it: close that one, and try again.",
    },
  ],
]);

export function microphoneProblem(name: string, message: string): TalkProblem {
  const known = microphoneProblems.get(name);
  if (known !== undefined) return known;
  return {
    what: "The microphone cannot be opened.",
    hint: `The browser says: ${message === "" ? name : message}`,
  };
}

/** Browsers give microphones to pages of https and of this machine only. `host`: with its port. */
export function insecureProblem(host: string): TalkProblem {
  const port = /:(\d+)$/.exec(host)?.[1] ?? "80";
  const name = host.replace(/:\d+$/, "");
  return {
    what: "Browsers give a microphone to secure pages only.",
    hint:
      `Serve this page by https (--tls-cert and --tls-key), or open http://localhost:${port} on the ` +
      `host itself; from elsewhere: ssh -L ${port}:localhost:${port} ${name}, then http://localhost:${port}.`,
  };
}

export const noSoundProblem: TalkProblem = {
  what: "This browser cannot work on sound.",
  hint: "Chromium, Firefox and Safari of the last years can.",
};

export const silentProblem: TalkProblem = {
  what: "The browser cannot play sound.",
  hint: "Connect loudspeakers or a headset, allow this page to play sound, and try again.",
};

export const refusedProblem: TalkProblem = {
  what: "The server did not take the call.",
  hint: "Reload the page; if you are asked to, log in again.",
};

export const lostProblem: TalkProblem = {
  what: "The connection to the server is lost; the call was hung up on both sides.",
  hint: "Call again when the page answers.",
};
