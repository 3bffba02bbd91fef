/** What of the settings who may see. Pure. */
import { isAtLeast, type Role } from "../roles.ts";
import type { SettingsView } from "./settings-desk.ts";

/**
 * An operator restarts services and must see how they are set up, and that a password is missing; where
 * secrets are kept is for administrators.
 */
export function visibleSettings(view: SettingsView, role: Role): SettingsView {
  if (isAtLeast(role, "admin")) return view;
  return { ...view, secrets: view.secrets.map((secret) => ({ ...secret, source: undefined })) };
}
