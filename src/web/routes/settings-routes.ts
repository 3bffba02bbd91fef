/** The configuration: read by operators, changed by administrators, and secrets are only ever written. */
import { quote } from "../../core/errors.ts";
import { jsonAnswer, RequestError } from "../answers.ts";
import type { Appliance } from "../appliance.ts";
import { type Fields, objectsIn, textIn } from "../../services/event-fields.ts";
import type { Route } from "../route.ts";
import type { SecretChange, SettingChange, SettingsOutcome } from "../settings/settings-desk.ts";
import { visibleSettings } from "../settings/visible-settings.ts";

const data = (help: string): Route["answer"] => ({ type: "application/json", help });

const changeBody: NonNullable<Route["body"]> = {
  form: "json",
  fields: {
    changes: {
      kind: "objects",
      help: "settings",
      entry: {
        section: { kind: "string", help: "such as llama", isRequired: true },
        key: { kind: "string", help: "such as model", isRequired: true },
        value: { kind: "value", help: "null: the default counts again", isRequired: true },
      },
    },
    secrets: {
      kind: "objects",
      help: "passwords and keys",
      entry: {
        name: { kind: "string", help: "such as llama-key or line.200@pbx", isRequired: true },
        value: { kind: "value", help: "a text; null forgets it" },
        from: {
          kind: "string",
          help: "name whose secret is taken over, in place of a value",
        },
      },
    },
    revision: { kind: "string", help: "of what the changes were made from" },
  },
};

export function settingsRoutes({ settings }: Appliance): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/settings",
      least: "operator",
      kind: "api",
      summary:
        "The configuration: each value and where it comes from; of secrets only whether they are set.",
      answer: data(
        "`sections`, `secrets`, `problems` of the files, and the `revision` of what was read",
      ),
      async handle({ principal }) {
        return jsonAnswer(visibleSettings(await settings.view(), principal?.role ?? "viewer"));
      },
    },
    {
      method: "POST",
      path: "/api/v1/settings",
      least: "admin",
      kind: "api",
      action: "settings change",
      subject: namesIn,
      summary: "Changes settings and secrets, all or none, and has the services take them over.",
      body: changeBody,
      answer: data("`message` for people; 422 with `problems` of fields when nothing was saved"),
      async handle({ body, address }) {
        const named = objectsIn(body, "secrets").map((one) => textIn(one, "name"));
        if (named.includes(pagePassword)) return answerFor(passwordElsewhere);
        const revision = textIn(body, "revision");
        const outcome = await settings.change({
          changes: objectsIn(body, "changes").map(settingChange),
          secrets: objectsIn(body, "secrets").map(secretChange),
          revision: revision === "" ? undefined : revision,
          fromAddress: address,
        });
        return answerFor(outcome);
      },
    },
  ];
}

const pagePassword = "web-password";

/** Whoever found a page that is open shall not take it over: there the password so far is asked for. */
const passwordElsewhere: SettingsOutcome = {
  kind: "refused",
  problems: [
    {
      field: `secret.${pagePassword}`,
      message: "the password of this page is not changed here",
      hint: "change it on the page Access, /access, which asks for the one so far",
    },
  ],
};

/**
 * For the audit log: which settings and which secrets, and none of their values. Secrets first, since a long
 * list is cut.
 */
function namesIn(body: Fields): string {
  return [
    ...objectsIn(body, "secrets").map((one) => `secret.${textIn(one, "name")}`),
    ...objectsIn(body, "changes").map((one) => `${textIn(one, "section")}.${textIn(one, "key")}`),
  ].join(" ");
}

function settingChange(fields: Fields): SettingChange {
  return {
    section: textIn(fields, "section"),
    key: textIn(fields, "key"),
    value: plainValue(fields["value"]),
  };
}

function plainValue(value: unknown): SettingChange["value"] {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value;
  return Array.isArray(value) ? value.filter((text) => typeof text === "string") : undefined;
}

/** Throws a RequestError(400) for what is neither kept, forgotten nor moved: nothing is deleted by mistake. */
function secretChange(fields: Fields): SecretChange {
  const { value } = fields;
  const [name, from] = [textIn(fields, "name"), textIn(fields, "from")];
  if (typeof value === "string") return { name, value };
  if (value === null) return { name, value: undefined };
  const isMove = name.startsWith(linePrefix) && from.startsWith(linePrefix);
  if (value === undefined && isMove) return { name, value, from };
  throw new RequestError(400, `the secret ${quote(name)} must be a text, or null to forget it`);
}

const linePrefix = "line.";

function answerFor(outcome: SettingsOutcome): Response {
  if (outcome.kind === "saved") return jsonAnswer(outcome);
  const { problems } = outcome;
  const [first] = problems;
  const error = first === undefined ? "nothing was saved" : `${first.field}: ${first.message}`;
  return jsonAnswer({ error, hint: first?.hint ?? "", problems }, 422);
}
