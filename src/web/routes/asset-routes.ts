/** Files that pages refer to: their names change with them, so that a browser may keep them. */
import { assetFolder, assets } from "../client/assets.ts";
import { RequestError } from "../answers.ts";
import type { Route } from "../route.ts";

const keep = "public, max-age=31536000, immutable";

/** Open to anybody, as the login needs them. */
export const assetRoute: Route = {
  method: "GET",
  path: `${assetFolder}/{file}`,
  least: "nobody",
  kind: "api",
  summary: "Script, style and icon of the pages.",
  parameters: [{ name: "file", in: "path", help: "name of the file" }],
  answer: { type: "application/octet-stream", help: "the file" },
  handle({ params: { file = "" } }) {
    const asset = assets.get(file);
    if (asset === undefined) throw new RequestError(404, "there is no such file");
    const { type, text } = asset;
    return new Response(text, { headers: { "content-type": type, "cache-control": keep } });
  },
};
