/** Takes out of a text what somebody wrote into it that is nobody else's business. */

/** `http://user:password@host`, `200:password@pbx`, and keys in the query of an address. */
const forms: readonly RegExp[] = [
  /((?:^|\/\/)(?!sips?:)[^\s/:@]+:)(?!\/\/)\S+(?=@)/gi,
  /(\bsips?:[^\s/:@]+:)\S+(?=@)/gi,
  /([?&][^\s=&]*(?:key|token|secret|pass)[^\s=&]*=)[^\s&#]+/gi,
];

export function hideCredentials(text: string): string {
  return forms.reduce((shown, form) => shown.replaceAll(form, "$1(hidden)"), text);
}

/** Names that somebody gives to a key which belongs into the secrets file. */
export function soundsSecret(name: string): boolean {
  return /pass|secret|token|credential|(?:^|[-_])key$/i.test(name);
}
