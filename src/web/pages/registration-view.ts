/** The listener by which calls reach the ears: what it got, and the four ways in which it is seen to fail. */
import { type Fields, numberIn, objectIn, objectsIn, textIn } from "../../services/event-fields.ts";
import { type Html, html } from "../html.ts";
import type { Fragment } from "./now-page.ts";

/** Names of the patterns as people know them, in their order. */
const patterns = [
  { letter: "A", name: "Nothing arrives", well: "Datagrams arrive." },
  { letter: "B", name: "The socket died", well: "The socket is open." },
  { letter: "C", name: "The socket reports errors", well: "No errors are reported." },
  { letter: "D", name: "Datagrams queue up", well: "Each is read at once." },
] as const;

/** `status`: of whisper; undefined when it does not run. */
export function registrationFragment(status: Fields | undefined): Fragment {
  return { id: "registration", html: registrationCard(status) };
}

function registrationCard(status: Fields | undefined): Html {
  const content =
    status === undefined
      ? html`<p class="summary" data-tone="bad">
          <strong>The ears do not run</strong>, so nobody listens for calls. Start them on the page
          <a href="/">Now</a>.
        </p>`
      : listenerPiece(objectIn(status, "registration"));
  return html`<section
    id="registration"
    class="card registration"
    aria-labelledby="registration-title"
  >
    <h2 id="registration-title">Registration listener</h2>
    ${content}
  </section>`;
}

function listenerPiece(listener: Fields): Html {
  const found = objectsIn(listener, "patterns");
  const address = textIn(listener, "address");
  const datagrams = numberIn(listener, "datagrams") ?? 0;
  return html`${verdict(found, datagrams, address)}
    <ul class="patterns">
      ${patterns.map((pattern) => patternPiece(pattern, found, datagrams))}
    </ul>
    <dl>
      ${facts(listener).map(
        ([what, value]) =>
          html`<div>
            <dt>${what}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${recentPiece(listener)}`;
}

function verdict(found: readonly Fields[], datagrams: number, address: string): Html {
  const wrong = found
    .map((pattern) => textIn(pattern, "pattern"))
    .filter((letter) => letter !== "A");
  if (wrong.length > 0) {
    const words = wrong.length === 1 ? "Pattern" : "Patterns";
    return html`<p class="summary" data-tone="bad">
      <strong>${words} ${wrong.join(", ")}: something is wrong now.</strong>
    </p>`;
  }
  if (datagrams === 0) {
    return html`<p class="summary">
      <strong>UDP ${address} is open.</strong> No datagram has come yet: all is well as long as
      nobody has called, and pattern A when somebody has.
    </p>`;
  }
  return html`<p class="summary">
    <strong>All is well:</strong> UDP ${address} is open, and calls arrive.
  </p>`;
}

function patternPiece(
  { letter, name, well }: (typeof patterns)[number],
  found: readonly Fields[],
  datagrams: number,
): Html {
  const seen = found.find((pattern) => textIn(pattern, "pattern") === letter);
  const tone = letter === "A" ? "busy" : "bad";
  if (seen === undefined) {
    const isUnknown = letter === "A" && datagrams === 0;
    return html`<li data-tone="${isUnknown ? "off" : "good"}">
      <span class="dot" aria-hidden="true"></span><b>${letter}: ${name}</b>
      <span class="hint"
        >No. ${isUnknown ? "None has come, and it is too early to say." : well}</span
      >
    </li>`;
  }
  return html`<li data-tone="${tone}">
    <span class="dot" aria-hidden="true"></span><b>${letter}: ${name}</b>
    <span class="judgement">Yes: ${textIn(seen, "finding")}.</span>
    <span class="fix">${textIn(seen, "advice")}</span>
  </li>`;
}

function facts(listener: Fields): readonly (readonly [string, string])[] {
  const count = (name: string): string => String(numberIn(listener, name) ?? 0);
  const datagrams = `${count("datagrams")}: ${count("registers")} begin a call, ${count("byes")} end one`;
  const rows: (readonly [string, string])[] = [["Datagrams", datagrams]];
  const refused = Object.entries(objectIn(listener, "refused")).filter(
    ([, value]) => Number(value) > 0,
  );
  const reasons = refused.map(([reason, value]) => `${String(value)} ${reason}`).join(", ");
  rows.push(["Refused", reasons === "" ? "none" : reasons]);
  const errno = textIn(listener, "lastErrno");
  rows.push([
    "Socket errors",
    errno === "" ? count("errors") : `${count("errors")}, the last: ${errno}`,
  ]);
  const drops = numberIn(listener, "kernelDrops") ?? -1;
  if (drops >= 0) rows.push(["Dropped by the kernel", String(drops)]);
  const [granted, wanted] = [
    numberIn(listener, "receiveBufferBytes") ?? -1,
    numberIn(listener, "receiveBufferWantedBytes") ?? -1,
  ];
  if (granted >= 0) rows.push(["Receive buffer", bufferWords(granted, wanted)]);
  const reopened = numberIn(listener, "reopened") ?? 0;
  if (reopened > 0) rows.push(["Opened again", `${reopened} times`]);
  return rows;
}

function bufferWords(granted: number, wanted: number): string {
  if (granted >= wanted) return kilobytes(granted);
  return `${kilobytes(granted)} of ${kilobytes(wanted)}: sysctl -w net.core.rmem_max=${wanted}, then restart the ears`;
}

/** Newest first. */
function recentPiece(listener: Fields): Html | undefined {
  const recent = objectsIn(listener, "recent").toReversed();
  if (recent.length === 0) return undefined;
  return html`<div class="table-frame">
    <table>
      <caption>
        The last datagrams
      </caption>
      <thead>
        <tr>
          <th scope="col">Ago</th>
          <th scope="col">From</th>
          <th scope="col">Bytes</th>
          <th scope="col">What</th>
        </tr>
      </thead>
      <tbody>
        ${recent.map(
          (datagram) =>
            html`<tr>
              <td>${agoWords(numberIn(datagram, "agoMs") ?? 0)}</td>
              <td>${textIn(datagram, "from")}</td>
              <td class="number">${numberIn(datagram, "bytes") ?? 0}</td>
              <td>${textIn(datagram, "what")}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Coarse, so that it does not change with each look. */
function agoWords(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return "under a minute";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`;
}
