/** A line as it is configured, from its parts in a form; pure. The server decides whether it is right. */

export type LineParts = Readonly<
  Record<"user" | "host" | "port" | "transport" | "auth" | "expires" | "proxy", string>
>;

/** `200@pbx:5070;transport=tcp` */
export function lineText(parts: LineParts): string {
  const { user, host, port, transport, auth, expires, proxy } = trimmed(parts);
  const options: readonly (readonly [string, string])[] = [
    ["transport", transport === "udp" ? "" : transport],
    ["auth", auth === user ? "" : auth],
    ["expires", expires],
    ["proxy", proxy],
  ];
  const shown = options.flatMap(([name, value]) => (value === "" ? [] : [`;${name}=${value}`]));
  return `${user}@${hostName(host)}${port === "" ? "" : `:${port}`}${shown.join("")}`;
}

/** As the password of the line is named. */
export function lineKey(parts: LineParts): string {
  const { user, host, port } = trimmed(parts);
  return `${user}@${hostName(host).toLowerCase()}${port === "" ? "" : `:${port}`}`;
}

function hostName(host: string): string {
  const isBareIpv6 = host.split(":").length > 2 && !host.startsWith("[");
  return isBareIpv6 ? `[${host}]` : host;
}

function trimmed(parts: LineParts): LineParts {
  const { user, host, port, transport, auth, expires, proxy } = parts;
  return {
    user: user.trim(),
    host: host.trim(),
    port: port.trim(),
    transport: transport.trim(),
    auth: auth.trim(),
    expires: expires.trim(),
    proxy: proxy.trim(),
  };
}
