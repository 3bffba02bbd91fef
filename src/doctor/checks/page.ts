/** The web page as it serves itself: who can read along, its certificate, and whom it tells of calls. */
import { isLoopback } from "../../web/request-origin.ts";
import type { Check } from "../check-runner.ts";
import { fault, type Finding, ok, skipped, warning } from "../finding.ts";
import { fieldsOf, memberOf, type ServiceStatus } from "../service-statuses.ts";
import type { Surroundings } from "../surroundings.ts";

type Fields = Readonly<Record<string, unknown>>;

export const pageCheck: Check<Surroundings> = {
  name: "page",
  title: "Web page",
  limitMs: 8000,
  isHeavy: false,
  run: ({ statuses, clock }) => Promise.resolve(judgePage(statuses, clock.wallMs())),
};

export function judgePage(statuses: readonly ServiceStatus[], nowMs: number): readonly Finding[] {
  const pages = statuses.filter(({ service, status }) => service === "web" && status !== undefined);
  if (pages.length === 0) return [skipped("no web service to ask")];
  return pages.flatMap(({ status }) => {
    const fields = fieldsOf(status);
    return [...judgeCertificate(fields, nowMs), ...judgeWebhooks(memberOf(fields, "webhooks"))];
  });
}

const dayMs = 24 * 3600 * 1000;
/** The one that a host makes for itself is renewed long before. */
const soonDays = 14;

function judgeCertificate(status: Fields, nowMs: number): readonly Finding[] {
  const certificate = memberOf(status, "certificate");
  const { fingerprint, notAfterMs, problem, kind } = certificate;
  if (typeof fingerprint !== "string" || typeof notAfterMs !== "number") return judgePlain(status);
  const mend =
    kind === "generated"
      ? "restart the page: wildfire makes another one"
      : "put a new one into the files of [web] tls-cert and tls-key; the page takes it within a minute";
  const found: Finding[] = [];
  if (typeof problem === "string" && problem !== "")
    found.push(warning(`the newest certificate is not used: ${problem}`, mend));
  const days = Math.floor((notAfterMs - nowMs) / dayMs);
  const end = new Date(notAfterMs).toISOString().slice(0, 10);
  if (notAfterMs <= nowMs) found.push(fault(`the certificate of the page ended on ${end}`, mend));
  else if (days < soonDays) {
    found.push(warning(`the certificate of the page ends in ${days} days, on ${end}`, mend));
  }
  if (found.length > 0) return found;
  return [ok(`served by https until ${end}, SHA-256 ${fingerprint}`)];
}

function judgePlain({ address }: Fields): readonly Finding[] {
  const [, bind = ""] = /^(.*):\d+$/.exec(String(address)) ?? [];
  if (bind === "" || isLoopback(bind))
    return [ok(`served to this host only, at ${String(address)}`)];
  const fix = 'set tls = "generated" under [web], on the page Access';
  return [warning(`${String(address)} is open to others without https`, fix)];
}

/** Of the room on disk. */
const fillingShare = 0.8;
const accessFix = "see on the page Access what its receiver answers, and send it a test";

function judgeWebhooks(webhooks: Fields): readonly Finding[] {
  const count = (name: string): number => {
    const value = webhooks[name];
    return typeof value === "number" ? value : 0;
  };
  const receivers = count("receivers");
  if (receivers === 0) return [];
  const found: Finding[] = [];
  if (webhooks["hasKey"] === false)
    found.push(fault("webhooks wait: they have no secret", "make one on the page Access"));
  const failing = count("failing");
  if (failing > 0)
    found.push(warning(`${failing} of ${receivers} webhook receivers take nothing now`, accessFix));
  const [used, limit] = [count("spooledBytes"), count("limitBytes")];
  if (limit > 0 && used > limit * fillingShare) {
    const percent = Math.round((used / limit) * 100);
    const seen = `the room for webhooks that wait is ${percent} % full; the oldest are dropped next`;
    found.push(warning(seen, `${accessFix}, or raise spool-mb under [webhooks]`));
  }
  if (found.length > 0) return found;
  const what = receivers === 1 ? "1 webhook receiver takes" : `${receivers} webhook receivers take`;
  const gone = count("dropped") + count("lost");
  return [ok(`${what} messages, ${count("spooled")} wait, ${gone} were given up so far`)];
}
