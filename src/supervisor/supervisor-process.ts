/** The supervisor as a process: services, common log, crash reports, status socket and events in one. */
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { createLogger, type Logger } from "../core/log.ts";
import { EventStream } from "../services/event-stream.ts";
import { serviceNames } from "../services/service-names.ts";
import { listServedSockets, type StatusSocket, serveStatus } from "../services/status-socket.ts";
import { versionInfo } from "../version.ts";
import type { LogPlan } from "./configured-plan.ts";
import type { ChildHost } from "./child-run.ts";
import { CrashReports } from "./crash-reports.ts";
import { endLeftovers } from "./leftover-children.ts";
import { LogFile } from "./log-file.ts";
import { residentMemoryBytes } from "./resident-memory.ts";
import type { SupervisorPlan } from "./service-plan.ts";
import { formatRecordJson, recordOfLog, type ServiceRecord } from "./service-record.ts";
import { requireSoleSupervisor, supervisorName } from "./sole-supervisor.ts";
import type { Crash, SupervisedChildStatus } from "./supervised-child.ts";
import { type PlanChange, Supervisor } from "./supervisor.ts";
import { supervisorCommands } from "./supervisor-commands.ts";
import { describeSupervisorEvent, type SupervisorEvent } from "./supervisor-events.ts";

export interface SupervisorProcessOptions {
  readonly plan: SupervisorPlan;
  readonly logs: LogPlan;
  /** The file that a reload reads. */
  readonly configPath: string;
  readonly stateFolder: string;
  readonly host: ChildHost;
  readonly clock: Clock;
  /** Reads the configuration again; throws what is wrong with it. */
  readonly readPlan: () => Promise<{ readonly plan: SupervisorPlan; readonly logs: LogPlan }>;
  /** Each record of each service and of the supervisor itself; must not wait. */
  readonly onRecord: (record: ServiceRecord) => void;
  readonly onChange: (status: SupervisedChildStatus) => void;
  readonly onCrash: (crash: Crash) => void;
}

const maxPendingLogBytes = 4 << 20;
/** The disk may be full or gone: then the last lines are lost. */
const lastLogMs = 2000;

export class SupervisorProcess {
  readonly supervisor: Supervisor;
  readonly log: Logger;
  readonly #options: SupervisorProcessOptions;
  readonly #file: LogFile;
  readonly #reports: CrashReports;
  readonly #events: EventStream<SupervisorEvent>;
  #socket: StatusSocket | undefined;

  private constructor(options: SupervisorProcessOptions) {
    const { logs, stateFolder, clock, plan, host } = options;
    this.#options = options;
    this.log = createLogger(
      { level: "debug", clock, sink: (record) => this.#write(recordOfLog(record)) },
      { service: supervisorName },
    );
    this.#file = new LogFile({
      ...logs,
      maxPendingBytes: maxPendingLogBytes,
      clock,
      lossLine: (lost, reason) => this.#lossLine(lost, reason),
    });
    this.#reports = new CrashReports(`${stateFolder}/crashes`);
    this.#events = new EventStream({
      service: supervisorName,
      pid: process.pid,
      clock,
      describe: describeSupervisorEvent,
    });
    this.supervisor = new Supervisor({
      plan,
      host,
      clock,
      log: this.log,
      listener: {
        record: (record) => this.#write(record),
        changed: (status) => this.#changed(status),
        crashed: (crash) => void this.#crashed(crash),
      },
    });
  }

  /** Throws a WildfireError("state") when the folder has a supervisor already. Nothing runs yet. */
  static async open(options: SupervisorProcessOptions): Promise<SupervisorProcess> {
    const { stateFolder, clock } = options;
    await requireSoleSupervisor(stateFolder, clock);
    const ended = await endLeftovers({ stateFolder, services: serviceNames, clock });
    // What a power cut left would pass for a service that hangs.
    const names = [...serviceNames, supervisorName];
    await Promise.all(names.map((name) => listServedSockets(stateFolder, name)));
    const opened = new SupervisorProcess(options);
    for (const pid of ended) {
      opened.log.warn("a service of a supervisor that was killed did not end, and was ended", {
        servicePid: pid,
      });
    }
    opened.#serve();
    try {
      // Two that were started at once see each other here at the latest.
      await requireSoleSupervisor(stateFolder, clock);
    } catch (error) {
      opened.#socket?.close();
      throw error;
    }
    return opened;
  }

  start(): void {
    const { version, commit } = versionInfo();
    const names = this.supervisor.services().map(({ name }) => name);
    this.log.info("supervisor starts", { version, commit, services: names.join(" ") });
    this.supervisor.start();
  }

  /** Reads the configuration again; what is wrong with it is said, and everything stays as it is. */
  async reload(): Promise<PlanChange> {
    this.#file.reopen();
    try {
      const { plan, logs } = await this.#options.readPlan();
      this.#file.move(logs);
      const change = await this.supervisor.apply(plan);
      const { started, restarted, stopped, reloaded, refused, why } = change;
      this.log.info("configuration read again", {
        started: started.join(" "),
        restarted: restarted.join(" "),
        stopped: stopped.join(" "),
        reloaded: reloaded.join(" "),
      });
      for (const name of refused) {
        this.log.error("a service goes on with its old configuration", {
          about: name,
          reason: why[name],
        });
      }
      return change;
    } catch (error) {
      this.log.error("configuration not applied", { reason: describeError(error) });
      throw error;
    }
  }

  /** Calls get the time that the plan gives them; resolves when nothing runs any more. */
  async stop(): Promise<void> {
    const { supervisor } = this;
    this.log.info("supervisor stops");
    await supervisor.stop(supervisor.drainLimitMs);
    await this.#close();
  }

  async #close(): Promise<void> {
    this.log.info("supervisor has stopped");
    this.#socket?.close();
    const late = Promise.withResolvers<void>();
    const limit = this.#options.clock.after(lastLogMs, late.resolve);
    await Promise.race([this.#file.close(), late.promise]);
    limit.cancel();
  }

  status(): Record<string, unknown> {
    return {
      service: supervisorName,
      ...versionInfo(),
      pid: process.pid,
      config: this.#options.configPath,
      uptimeS: Math.round(process.uptime()),
      state: this.supervisor.state,
      memoryBytes: residentMemoryBytes(process.pid) ?? null,
      services: this.supervisor.services(),
      log: this.#file.status(),
      events: this.#events.status(),
    };
  }

  #serve(): void {
    const command = supervisorCommands({
      supervisor: this.supervisor,
      reload: () => this.reload(),
    });
    this.#socket = serveStatus({
      stateFolder: this.#options.stateFolder,
      service: supervisorName,
      describe: () => this.status(),
      events: this.#events,
      command,
    });
  }

  #write(record: ServiceRecord): void {
    this.#file.write(formatRecordJson(record));
    this.#options.onRecord(record);
  }

  #lossLine(lost: number, reason: string): string {
    return formatRecordJson({
      wallMs: this.#options.clock.wallMs(),
      level: "warn",
      service: supervisorName,
      message: "log lines were lost",
      fields: { lost, reason },
    });
  }

  #changed(status: SupervisedChildStatus): void {
    this.#events.publish({ about: "service", status });
    this.#options.onChange(status);
  }

  async #crashed(crash: Crash): Promise<void> {
    this.#events.publish({ about: "crash", crash });
    this.#options.onCrash(crash);
    try {
      const path = await this.#reports.keep(crash, this.#options.clock.wallMs());
      this.log.info("crash report kept", { about: crash.service, path });
    } catch (error) {
      this.log.warn("crash report not kept", {
        about: crash.service,
        reason: describeError(error),
      });
    }
  }
}
