/** The script of a kamailio for tests: registrar and proxy with digest that stays in the path of a call. */
import type { Account } from "./accounts.ts";
import { loopback } from "./ports.ts";

export interface KamailioPlan {
  readonly folder: string;
  readonly moduleFolder: string;
  /** UDP and TCP. */
  readonly port: number;
  readonly accounts: readonly Account[];
  readonly algorithm: "MD5" | "SHA-256";
}

/** Of all its accounts. An alias without a port would make each port of that host its own. */
export const proxyDomain = "wildfire.test";

const modules = `
  kex tm sl rr pv maxfwd usrloc registrar textops siputils auth htable nathelper xlog
  jsonrpcs corex
`;

export function kamailioScript(plan: KamailioPlan): string {
  return [core(plan), parameters(plan), passwords(plan), routes].join("\n");
}

function core({ moduleFolder, port }: KamailioPlan): string {
  return `debug=2
log_stderror=yes
fork=yes
children=2
tcp_children=1
auto_aliases=no
alias="${proxyDomain}"
listen=udp:${loopback}:${port}
listen=tcp:${loopback}:${port}
mpath="${moduleFolder}"
${modules
  .trim()
  .split(/\s+/)
  .map((name) => `loadmodule "${name}.so"`)
  .join("\n")}
`;
}

function parameters({ folder, algorithm }: KamailioPlan): string {
  return `modparam("jsonrpcs", "transport", 2)
modparam("jsonrpcs", "fifo_name", "${folder}/rpc.fifo")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "default_expires", 60)
modparam("registrar", "min_expires", 10)
modparam("registrar|nathelper", "received_avp", "$avp(RECEIVED)")
modparam("auth", "qop", "auth")
modparam("auth", "nonce_count", 1)
modparam("auth", "nonce_expire", 60)
modparam("auth", "algorithm", "${algorithm === "MD5" ? "" : algorithm}")
modparam("rr", "enable_full_lr", 1)
modparam("htable", "htable", "password=>size=6;")
`;
}

function passwords({ accounts }: KamailioPlan): string {
  const lines = accounts.map(({ user, password }) => `  $sht(password=>${user}) = "${password}";`);
  return `event_route[htable:mod-init] {\n${lines.join("\n")}\n}\n`;
}

/** A registration is challenged with 401, a call with 407, as registrars and proxies do. */
const routes = `
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) { route(WITHIN_DIALOG); exit; }
  t_check_trans();
  if (is_method("REGISTER")) { route(REGISTRATION); exit; }
  if (is_method("OPTIONS") && $rU == $null) { sl_send_reply("200", "Here"); exit; }
  if (!is_method("INVITE")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  route(PROXY_DIGEST);
  record_route();
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  if (!t_relay()) sl_reply_error();
}

route[WITHIN_DIALOG] {
  if (loose_route()) {
    xlog("L_NOTICE", "on the recorded route: $rm\n");
    if (!t_relay()) sl_reply_error();
    exit;
  }
  if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
  sl_send_reply("404", "Not Here");
}

route[REGISTRATION] {
  if ($au == $null || $sht(password=>$au) == $null || $tU != $au
      || !pv_www_authenticate("$td", "$sht(password=>$au)", "0")) {
    www_challenge("$td", "1");
    exit;
  }
  force_rport();
  fix_nated_register();
  if (!save("location")) sl_reply_error();
}

route[PROXY_DIGEST] {
  if ($au == $null || $sht(password=>$au) == $null || $fU != $au
      || !pv_proxy_authenticate("$fd", "$sht(password=>$au)", "0")) {
    proxy_challenge("$fd", "1");
    exit;
  }
  consume_credentials();
}
`;
