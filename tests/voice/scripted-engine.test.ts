/** The scripted engine keeps the contract, so that what is tested with it holds for real ones. */
import { describeEngineContract } from "./engine-contract.ts";
import { ScriptedEngine } from "./scripted-engine.ts";

describeEngineContract("the scripted engine", { open: () => new ScriptedEngine() });
