/** Runs `wildfire doctor` as a process of its own, which starts its services by running this file again. */
import { doctor } from "../../src/commands/doctor.ts";

if (process.argv.includes("--service")) await import("../../src/main.ts");
else process.exit(await doctor(process.argv.slice(2)));
