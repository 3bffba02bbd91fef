/** A macro: runs while the program is bundled or loaded, and leaves a browser's script as a text. */
import { join } from "node:path";

/** `name` from this folder on. Types are gone, and imports name files as the server serves them: in one folder. */
export async function transpiled(name: string): Promise<string> {
  const transpiler = new Bun.Transpiler({ loader: "ts", target: "browser" });
  const source = await Bun.file(join(import.meta.dir, `${name}.ts`)).text();
  const script = await transpiler.transform(source);
  return script.replaceAll(/(from\s*")(?:\.{1,2}\/)+(?:[\w-]+\/)*([\w-]+)\.ts"/g, '$1./$2.js"');
}
