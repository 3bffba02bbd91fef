/** The page "Trouble": the doctor, the listener for registrations, and the log of all services. */
import { describeError } from "../../core/errors.ts";
import type { LogPage } from "../../supervisor/log-pages.ts";
import type { Appliance } from "../appliance.ts";
import { type Html, html } from "../html.ts";
import { type LogQuery, readLogQuery } from "../log-query.ts";
import { supervisorService } from "../live/service-board.ts";
import type { WebRequest } from "../route.ts";
import { doctorFragment } from "./doctor-view.ts";
import { canSteer, type Viewer } from "./layout.ts";
import { logSection } from "./log-view.ts";
import { registrationFragment } from "./registration-view.ts";

const recordsOnPage = 100;

export async function troubleMain(
  appliance: Appliance,
  { url, request }: WebRequest,
  viewer: Viewer,
): Promise<Html> {
  const { board, doctor, logs } = appliance;
  const query = readLogQuery(url);
  const [{ page, problem }] = await Promise.all([
    readPage(appliance, query, request.signal),
    board.refresh(),
  ]);
  return html`<h1>Trouble</h1>
    <div class="trouble">
      ${doctorFragment(doctor.state(), canSteer(viewer)).html}
      ${registrationFragment(board.status("whisper")).html}
    </div>
    ${logSection({
      fields: query.fields,
      page,
      problem,
      isOlderPage: query.before !== undefined,
      folder: logs.folder,
      hasSupervisor: board.hasSupervisor,
      services: [...board.services().map(({ name }) => name), supervisorService],
    })}`;
}

interface Read {
  readonly page: LogPage | undefined;
  readonly problem: string;
}

/** The rest of the page is shown all the same. */
async function readPage(
  { logs }: Appliance,
  { filter, before }: LogQuery,
  signal: AbortSignal,
): Promise<Read> {
  try {
    const page = await logs.page({ filter, limit: recordsOnPage, before, signal });
    return { page, problem: "" };
  } catch (error) {
    return { page: undefined, problem: describeError(error) };
  }
}
