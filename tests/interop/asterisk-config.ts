/** The configuration files of an Asterisk for tests, as text. */
import type { Account } from "./accounts.ts";
import { loopback, mediaPorts } from "./ports.ts";

export interface AsteriskPlan {
  /** Everything that it writes lies here. */
  readonly folder: string;
  /** Of its own files: `usr/share/asterisk`. */
  readonly dataFolder: string;
  readonly moduleFolder: string;
  /** UDP and TCP. */
  readonly sipPort: number;
  /** Undefined: no TLS. */
  readonly tlsPort: number | undefined;
  readonly managerPort: number;
  readonly managerSecret: string;
  readonly accounts: readonly Account[];
  readonly trunk: Account;
}

/** Numbers that can be dialled; texts between braces are variables of the call. */
export const numbers = {
  /** Sends back what it hears. */
  echo: "600",
  /** Plays {SPEECH}, records both ways under {RECORD}, waits {TAIL} seconds and hangs up. */
  play: "610",
  /** Records both ways under {RECORD} until the far end hangs up. */
  listen: "611",
  /** Records what comes under {RECORD} and sends the silence {QUIET}; `say` may follow. */
  converse: "612",
  /** Plays {SPEECH}, then the silence {QUIET}. */
  say: "613",
  /** Answers, plays {DEPARTMENT} and hangs up. */
  department: "614",
  /** Answers, then reports the digits that it got as the user event `Digits`. */
  readDigits: "620",
  /** Sends {DIGITS}, {GAP} ms apart. */
  sendDigits: "621",
  /** Rings for a minute. */
  ring: "630",
  busy: "631",
  /** Rings for a moment, then answers and sends back what it hears. */
  ringThenEcho: "632",
  /** Answers, asks the far end to call {TARGET} instead, reports the outcome as `Transfer`. */
  transferAway: "640",
  /** Hands the sound to the AudioSocket service at {AUDIOSOCKET} under {UUID}. */
  audioSocket: "650",
} as const;

export const holdToneHz = 440;

/** Name and text of each file. */
export function asteriskFiles(plan: AsteriskPlan): ReadonlyMap<string, string> {
  return new Map([
    ["asterisk.conf", directories(plan)],
    ["modules.conf", modules()],
    ["logger.conf", "[general]\n[logfiles]\nconsole => notice,warning,error\n"],
    ["manager.conf", manager(plan)],
    ["pjsip.conf", pjsip(plan)],
    ["rtp.conf", rtp()],
    ["extensions.conf", dialplan()],
    ["musiconhold.conf", `[default]\nmode=files\ndirectory=${plan.folder}/hold\n`],
    ["udptl.conf", "[general]\n"],
    ...wordsOf(emptyFiles).map((name): [string, string] => [`${name}.conf`, ""]),
  ]);
}

/** It complains about each of them that is not there. */
const emptyFiles = `
  acl ccss cdr cel cli extconfig features http indications pjproject sorcery stasis
`;

function directories({ folder, dataFolder, moduleFolder }: AsteriskPlan): string {
  return `[directories]
astetcdir => ${folder}
astmoddir => ${moduleFolder}
astvarlibdir => ${dataFolder}
astdatadir => ${dataFolder}
astagidir => ${dataFolder}/agi-bin
astdbdir => ${folder}/db
astkeydir => ${folder}
astspooldir => ${folder}/spool
astrundir => ${folder}/run
astlogdir => ${folder}/log
astsbindir => ${folder}
[options]
documentation_language = en_US
`;
}

const neededModules = `
  res_sorcery_config res_sorcery_memory res_sorcery_astdb res_timing_timerfd bridge_simple
  bridge_native_rtp bridge_softmix bridge_builtin_features codec_ulaw codec_alaw
  codec_g722 codec_resample format_wav format_pcm res_crypto res_srtp res_rtp_asterisk
  res_musiconhold res_audiosocket res_pjsip res_pjsip_acl res_pjsip_authenticator_digest
  res_pjsip_caller_id res_pjsip_dtmf_info res_pjsip_endpoint_identifier_ip
  res_pjsip_header_funcs res_pjsip_endpoint_identifier_user res_pjsip_nat res_pjsip_pubsub
  res_pjsip_outbound_authenticator_digest res_pjsip_refer res_pjsip_registrar
  res_pjsip_rfc3326 res_pjsip_sdp_rtp res_pjsip_session res_pjsip_dlg_options chan_pjsip
  chan_audiosocket pbx_config app_audiosocket app_chanspy app_dial app_echo app_mixmonitor
  app_playback app_read app_senddtmf app_transfer app_userevent func_callerid func_channel
  func_cut func_groupcount func_logic func_periodic_hook func_uri func_uuid
`;

function modules(): string {
  const loads = wordsOf(neededModules)
    .map((name) => `load=${name}.so`)
    .join("\n");
  return `[modules]\nautoload=no\npreload=res_pjproject.so\n${loads}\n`;
}

function manager({ managerPort, managerSecret }: AsteriskPlan): string {
  return `[general]
enabled = yes
bindaddr = ${loopback}
port = ${managerPort}
[wildfire]
secret = ${managerSecret}
read = all
write = all
writetimeout = 5000
`;
}

function rtp(): string {
  const { from, to } = mediaPorts.asterisk;
  return `[general]\nrtpstart=${from}\nrtpend=${to}\nstrictrtp=yes\n`;
}

function pjsip(plan: AsteriskPlan): string {
  const accounts = plan.accounts.map((account) => endpoint(account) + credentials(account));
  return [general(plan), tls(plan), ...accounts, openEndpoint(plan.trunk)].join("");
}

function general({ sipPort }: AsteriskPlan): string {
  return `[global]
type=global
user_agent=exchange-under-test
endpoint_identifier_order=username,ip
[system]
type=system
timer_t1=500
[transport-udp]
type=transport
protocol=udp
bind=${loopback}:${sipPort}
[transport-tcp]
type=transport
protocol=tcp
bind=${loopback}:${sipPort}
`;
}

function tls({ tlsPort, folder }: AsteriskPlan): string {
  if (tlsPort === undefined) return "";
  return `[transport-tls]
type=transport
protocol=tls
bind=${loopback}:${tlsPort}
cert_file=${folder}/${certificateFile}
priv_key_file=${folder}/${privateKeyFile}
method=tlsv1_2
`;
}

export const certificateFile = "certificate.pem";
export const privateKeyFile = "key.pem";

function endpoint(account: Account): string {
  const { user, codecs, isEncrypted, isStrict } = account;
  return `[${user}]
type=endpoint
auth=${user}
aors=${user}
media_encryption=${isEncrypted ? "sdes" : "no"}
100rel=${isStrict ? "required" : "yes"}
timers=${isStrict ? "always" : "yes"}
timers_min_se=90
timers_sess_expires=${isStrict ? 90 : 1800}
moh_passthrough=${isStrict ? "yes" : "no"}
${commonEndpoint(codecs)}`;
}

function commonEndpoint(codecs: readonly string[]): string {
  return `context=default
disallow=all
allow=${codecs.join(",")}
direct_media=no
rtp_symmetric=yes
force_rport=yes
rewrite_contact=yes
dtmf_mode=rfc4733
`;
}

function credentials({ user, password, digests, maxExpiryS }: Account): string {
  return `[${user}]
type=auth
auth_type=userpass
username=${user}
password=${password}
supported_algorithms_uas=${digests.join(",")}
[${user}]
type=aor
max_contacts=1
remove_existing=yes
minimum_expiration=5
default_expiration=60
maximum_expiration=${maxExpiryS}
qualify_frequency=30
`;
}

/** Calls from programs without an account, and to them; it introduces itself as the trunk. */
function openEndpoint({ user, password }: Account): string {
  return `[open]
type=endpoint
outbound_auth=open
${commonEndpoint(["ulaw", "alaw"])}[open]
type=auth
auth_type=userpass
username=${user}
password=${password}
[open]
type=identify
endpoint=open
match=${loopback}
`;
}

function dialplan(): string {
  const record = "MixMonitor(${RECORD}-mix.wav,r(${RECORD}-heard.wav)t(${RECORD}-said.wav))";
  const recordHeard = "MixMonitor(${RECORD}-mix.wav,r(${RECORD}-heard.wav))";
  return `[default]
${extension("_[12]XX", ["Dial(PJSIP/${EXTEN},30)"])}
${extension(numbers.echo, ["Answer()", "Echo()"])}
${extension(numbers.play, ["Answer()", record, "Playback(${SPEECH})", "Wait(${TAIL})", "Hangup()"])}
${extension(numbers.listen, ["Answer()", record, "Wait(60)", "Hangup()"])}
${extension(numbers.converse, ["Answer()", recordHeard, "Playback(${QUIET})", "Hangup()"])}
${extension(numbers.say, ["Playback(${SPEECH})", "Playback(${QUIET})", "Hangup()"])}
${extension(numbers.department, ["Answer()", "Playback(${DEPARTMENT})", "Hangup()"])}
${extension(numbers.readDigits, [
  "Answer()",
  "Read(GOT,,6,t,1,15)",
  "UserEvent(Digits,Got: ${GOT})",
  "Wait(1)",
  "Hangup()",
])}
${extension(numbers.sendDigits, [
  "Answer()",
  "Wait(0.5)",
  "SendDTMF(${DIGITS},${GAP},120)",
  "Wait(1)",
  "Hangup()",
])}
${extension(numbers.ring, ["Ringing()", "Wait(60)"])}
${extension(numbers.busy, ["Busy(1)"])}
${extension(numbers.ringThenEcho, ["Ringing()", "Wait(0.3)", "Answer()", "Echo()"])}
${extension(numbers.transferAway, [
  "Answer()",
  "Wait(0.5)",
  "Transfer(${TARGET})",
  "UserEvent(Transfer,Outcome: ${TRANSFERSTATUS})",
  "Wait(2)",
  "Hangup()",
])}
${extension(numbers.audioSocket, [
  "Answer()",
  record,
  "AudioSocket(${UUID},${AUDIOSOCKET})",
  "Hangup()",
])}
`;
}

function extension(pattern: string, applications: readonly string[]): string {
  const [first = "", ...rest] = applications;
  return [`exten => ${pattern},1,${first}`, ...rest.map((next) => ` same => n,${next}`)].join("\n");
}

function wordsOf(list: string): string[] {
  return list.trim().split(/\s+/);
}
