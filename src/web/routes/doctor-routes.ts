/** The doctor: having it look, what it found so far, and its support archive. */
import type { Appliance } from "../appliance.ts";
import { jsonAnswer, RequestError } from "../answers.ts";
import type { DoctorState } from "../doctor-view.ts";
import type { Route, WebRequest } from "../route.ts";
import { stayRule } from "../stay-rule.ts";

const json = (help: string): Route["answer"] => ({ type: "application/json", help });

export function doctorRoutes(appliance: Appliance): readonly Route[] {
  const { doctor } = appliance;
  return [
    {
      method: "POST",
      path: "/api/v1/doctor",
      least: "operator",
      kind: "api",
      action: "doctor",
      summary: "Has all steps of a call's way looked at; ends early when nobody asks or follows.",
      parameters: [
        {
          name: "call",
          in: "query",
          help: "true: places a test call too",
          choices: ["true", "false"],
        },
      ],
      answer: json("`message` for people, and the state as GET has it"),
      async handle({ url }) {
        const state = await doctor.begin(url.searchParams.get("call") === "true");
        return jsonAnswer({ message: "The doctor looks.", ...described(state) }, 202);
      },
    },
    {
      method: "POST",
      path: "/api/v1/doctor/stop",
      least: "operator",
      kind: "api",
      action: "doctor stop",
      summary: "Ends a look before its end.",
      answer: json("`message` for people"),
      handle() {
        doctor.stop();
        return jsonAnswer({ message: "The doctor stops." }, 202);
      },
    },
    stateRoute(appliance),
    {
      method: "GET",
      path: "/api/v1/doctor/bundle",
      least: "operator",
      kind: "api",
      action: "support archive",
      summary: "The support archive of the last look, without private data.",
      answer: { type: "application/gzip", help: "a tar file" },
      handle: () => archive(appliance),
    },
  ];
}

function stateRoute(appliance: Appliance): Route {
  const { doctor } = appliance;
  return {
    method: "GET",
    path: "/api/v1/doctor",
    least: "viewer",
    kind: "api",
    summary: "What the doctor found so far; or with `follow` each change of that.",
    parameters: [
      {
        name: "follow",
        in: "query",
        help: "true: server-sent events",
        choices: ["true", "false"],
      },
    ],
    answer: json("`phase`, `checks` with results, `level`, `conclusion`, `hasArchive`"),
    handle: (request) =>
      request.url.searchParams.get("follow") === "true"
        ? follow(appliance, request)
        : jsonAnswer(described(doctor.state())),
  };
}

function described({ startedMs, endedMs, checks, ...state }: DoctorState) {
  return {
    ...state,
    started: timeOf(startedMs),
    ended: timeOf(endedMs),
    checks: checks.map(({ result, ...check }) => ({ ...check, result: result ?? null })),
  };
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

function follow(appliance: Appliance, { request }: WebRequest): Response {
  const { streams, clock, doctor } = appliance;
  return streams.open({
    request,
    clock,
    mayStay: stayRule(appliance, request),
    begin(writer) {
      const tell = (): void => writer.send({ data: JSON.stringify(described(doctor.state())) });
      const endWatch = doctor.watch();
      const endChanges = doctor.onChanged(tell);
      tell();
      return () => {
        endChanges();
        endWatch();
      };
    },
  });
}

async function archive({ doctor, clock }: Appliance): Promise<Response> {
  const path = doctor.archive();
  if (path === undefined || !(await Bun.file(path).exists())) {
    throw new RequestError(409, "there is no support archive yet", {
      hint: "have the doctor look first: it goes into the archive",
    });
  }
  const day = new Date(clock.wallMs()).toISOString().slice(0, 10);
  return new Response(Bun.file(path), {
    headers: {
      "content-type": "application/gzip",
      "content-disposition": `attachment; filename="wildfire-support-${day}.tar.gz"`,
    },
  });
}
