/** The page "Talk": a test call from the browser's microphone. */
import { idleView } from "../client/talk-states.ts";
import { talkLive } from "../client/talk-view.ts";
import { type Html, html } from "../html.ts";
import type { TalkState } from "../talk/talk-desk.ts";

export function talkMain({ maxCalls, limitMs, notes }: TalkState, canCall: boolean): Html {
  return html`<h1>Talk</h1>
    <p class="summary">
      Speak with the agent from this browser, without a telephone: the sound goes the way of every
      call, through whisper, llama and kokoro.
    </p>
    <div class="talk">
      <section class="card" aria-labelledby="talk-controls-title">
        <h2 id="talk-controls-title">Your telephone</h2>
        ${controls(maxCalls, canCall)}
        <div class="talk-levels">
          ${level("talk-level-you", "You")} ${level("talk-level-agent", "Agent")}
        </div>
        <p class="talk-help">
          A call lasts ${Math.round(limitMs / 60_000)} minutes at most. With loudspeakers a headset
          is not needed: the browser takes out the echo. Every call is also on the page Now and in
          the history.
        </p>
      </section>
      <section aria-label="The call">${talkLive({ ...idleView, notes })}</section>
    </div>`;
}

function controls(maxCalls: number, canCall: boolean): Html {
  if (!canCall) {
    return html`<p class="hint">Calling needs the role operator: log in as somebody else.</p>`;
  }
  if (maxCalls === 0) {
    return html`<p class="hint">
      Calls from browsers are turned off: set <code>max-browser-calls</code> under
      <code>[web]</code>.
    </p>`;
  }
  return html`<div class="talk-buttons needs-script">
      <button id="talk-call" type="button" class="strong">Call</button>
      <button id="talk-hang-up" type="button" class="talk-hang-up" hidden>Hang up</button>
    </div>
    <noscript><p class="hint">Calling needs JavaScript.</p></noscript>`;
}

function level(id: string, who: string): Html {
  return html`<div class="talk-level">
    <label for="${id}">${who}</label>
    <meter id="${id}" min="0" max="1" value="0"></meter>
  </div>`;
}
