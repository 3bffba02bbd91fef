/** What settings are called on the pages; a key without a name here is read as words. Pure. */

const labels: Readonly<Record<string, string>> = {
  "services.run": "Services to run",
  "services.drain-s": "Seconds that calls get to end",
  "sip.advertise": "Public address",
  "sip.rtp-ports": "UDP ports for sound",
  "sip.max-calls": "Most calls at the same time",
  "sip.sip-bind": "Local address",
  "sip.sip-port": "Local SIP port",
  "sip.srtp": "Encrypted sound",
  "sip.strict-rtp": "Take sound from the named address only",
  "sip.dead-peer": "Seconds without sound that end a call",
  "sip.tls-ca": "File of trusted certificates",
  "sip.tls-insecure": "Accept any certificate",
  "sip.greeting": "Recorded greeting",
  "audiosocket.listen": "Listen on",
  "audiosocket.max-calls": "Most calls at the same time",
  "audiosocket.greeting": "Recorded greeting",
  "whisper.model": "Model file",
  "whisper.lanes": "Utterances at the same time",
  "whisper.threads": "Threads for each of them",
  "whisper.end-silence": "Silence that ends a turn, in ms",
  "whisper.min-speech": "Least speech, in ms",
  "whisper.max-utterance": "Longest utterance, in ms",
  "whisper.prompt": "Names and words to expect",
  "whisper.translate": "Translate to English",
  "whisper.nice": "How much decoding gives way",
  "whisper.back-channel": "Longest short sound, in ms",
  "llama.backend": "What answers",
  "llama.url": "Address of the chat server",
  "llama.key-file": "File with the key",
  "llama.prompt": "System prompt",
  "llama.system": "File with the system prompt",
  "llama.apology": "What is said when there is no answer",
  "llama.first-token-limit": "Seconds to wait for the first word",
  "llama.max-tokens": "Longest answer, in tokens",
  "llama.max-answer": "Longest answer, in characters",
  "llama.stop": "Texts that end the answer",
  "llama.history-tokens": "Memory of a call, in tokens",
  "llama.transfer": "Whom callers may be transferred to",
  "llama.transfer-any": "Transfer to any number",
  "llama.tools": "File of tools",
  "llama.tool-style": "How tools are used",
  "kokoro.engine": "What speaks",
  "kokoro.url": "Address of the speech server",
  "kokoro.speech-model": "Model of the speech server",
  "kokoro.key-file": "File with the key",
  "kokoro.speed": "Pace",
  "kokoro.phrase": "Phrases to have ready",
  "kokoro.phrase-cache-mb": "Room for phrases, in MB",
  "web.bind": "Address of this page",
  "web.port": "Port of this page",
  "web.tls": "https",
  "web.tls-cert": "Certificate file",
  "web.tls-key": "File of its private key",
  "webhooks.url": "Addresses that are told",
  "webhooks.kinds": "What is sent",
  "webhooks.include": "Private data that is sent along",
  "webhooks.spool-mb": "Room for what waits, in MB",
  "history.keep-days": "Days that calls are kept",
  "history.max-mb": "Largest history, in MB",
  "history.audio": "Keep the sound of calls",
  "logs.max-mb": "Size of a log file, in MB",
  "logs.keep": "Old log files that are kept",
  "secret.llama-key": "Key of the chat server",
  "secret.speech-key": "Key of the speech server",
  "secret.web-password": "Password of this page",
  "secret.webhook-secret": "Secret that signs webhooks",
};

const abbreviations: Readonly<Record<string, string>> = {
  rtp: "RTP",
  sip: "SIP",
  url: "URL",
  gpu: "GPU",
};

/** Texts of many lines. */
const longTexts: ReadonlySet<string> = new Set(["llama.prompt"]);

export function isLongText(section: string, key: string): boolean {
  return longTexts.has(`${section}.${key}`);
}

/** `first-token-limit` is "First token limit". */
export function settingLabel(section: string, key: string): string {
  const name = `${section}.${key}`;
  if (Object.hasOwn(labels, name)) return labels[name] ?? key;
  const words = key.split("-").map((word) => abbreviations[word] ?? word);
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
