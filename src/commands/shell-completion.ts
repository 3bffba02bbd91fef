/** Completion scripts of shells, from tables of commands and options: pure. */
import type { Option, OptionTable } from "../config/options.ts";

export interface CatalogueEntry {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly options: OptionTable;
  /** Words that may follow, beside options and files. */
  readonly words: readonly string[];
}

export interface Catalogue {
  readonly commands: readonly CatalogueEntry[];
  /** By the value of `--service`. */
  readonly services: readonly CatalogueEntry[];
}

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell, catalogue: Catalogue): string {
  switch (shell) {
    case "bash":
      return bashScript(catalogue);
    case "zsh":
      return zshScript(catalogue);
    case "fish":
      return fishScript(catalogue);
  }
}

const topOptions = ["--service", "--version", "--help"];

/** `up` or `service:whisper`: one list of options for each. */
function branches({
  commands,
  services,
}: Catalogue): readonly (CatalogueEntry & { readonly branch: string })[] {
  return [
    ...commands.map((entry) => ({ ...entry, branch: entry.name })),
    ...services.map((entry) => ({ ...entry, branch: `service:${entry.name}` })),
  ];
}

function optionNames(table: OptionTable): string[] {
  return Object.entries(table).flatMap(([name, { short }]) =>
    short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`],
  );
}

/** Choices of an option, the word for files, or nothing where any text will do. */
function valuesOf(option: Option): readonly string[] | "files" | "folders" | "any" {
  if (option.kind === "boolean") return [];
  if ("choices" in option && option.choices !== undefined) return option.choices;
  if (option.value === "FILE") return "files";
  return option.value === "DIR" ? "folders" : "any";
}

function bashScript(catalogue: Catalogue): string {
  const lists = branches(catalogue).map(
    ({ branch, options, words }) =>
      `    ${branch}) words=${quoted([...words, ...optionNames(options)].join(" "))} ;;`,
  );
  const names = catalogue.commands.map(({ name }) => name);
  const services = catalogue.services.map(({ name }) => name);
  return `# wildfire completions bash: source this, or put it into /etc/bash_completion.d/wildfire
_wildfire() {
  local current previous branch words word i
  current="\${COMP_WORDS[COMP_CWORD]}"
  previous="\${COMP_WORDS[COMP_CWORD-1]}"
  branch="\${COMP_WORDS[1]}"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ $word == --service && $branch == --* ]]; then branch="service:\${COMP_WORDS[i+1]}"; fi
  done
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${quoted([...names, ...topOptions].join(" "))} -- "$current"))
    return
  fi
  if [[ $previous == --service && \${COMP_WORDS[1]} == --* ]]; then
    COMPREPLY=($(compgen -W ${quoted(services.join(" "))} -- "$current"))
    return
  fi
  case "$branch $previous" in
${bashValues(catalogue).join("\n")}
  esac
  words=
  case "$branch" in
${lists.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $current != -* && \${#COMPREPLY[@]} -eq 0 ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _wildfire wildfire
`;
}

/** What may follow an option that takes a value. */
function bashValues(catalogue: Catalogue): readonly string[] {
  return branches(catalogue).flatMap(({ branch, options }) =>
    Object.entries(options).flatMap(([name, option]) => {
      if (option.kind === "boolean") return [];
      const patterns = optionNames({ [name]: option }).map((shown) => quoted(`${branch} ${shown}`));
      return [`    ${patterns.join("|")}) ${bashReply(valuesOf(option))}; return ;;`];
    }),
  );
}

function bashReply(values: ReturnType<typeof valuesOf>): string {
  if (values === "any") return "COMPREPLY=()";
  if (values === "files") return 'COMPREPLY=($(compgen -f -- "$current"))';
  if (values === "folders") return 'COMPREPLY=($(compgen -d -- "$current"))';
  return `COMPREPLY=($(compgen -W ${quoted(values.join(" "))} -- "$current"))`;
}

function zshScript(catalogue: Catalogue): string {
  const cases = branches(catalogue).map(({ branch, options, words }) => {
    const specs = Object.entries(options).flatMap(zshSpecs);
    const rest = words.length === 0 ? "'*:file:_files'" : `'*:word:(${words.join(" ")})'`;
    return `    ${branch}) _arguments -S ${[...specs, rest].join(" \\\n      ")} ;;`;
  });
  return `#compdef wildfire
# wildfire completions zsh: put this as _wildfire into a folder of $fpath
_wildfire() {
  local -a commands services
  commands=(
${zshDescriptions(catalogue.commands)}
  )
  services=(
${zshDescriptions(catalogue.services)}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    compadd -- ${topOptions.join(" ")}
    return
  fi
  local branch=$words[2]
  if [[ $branch == --service ]]; then
    if ((CURRENT == 3)); then
      _describe service services
      return
    fi
    branch=service:$words[3]
    shift words
    ((CURRENT--))
  fi
  shift words
  ((CURRENT--))
  case $branch in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _wildfire ]]; then _wildfire "$@"; else compdef _wildfire wildfire; fi
`;
}

function zshDescriptions(entries: readonly CatalogueEntry[]): string {
  return entries.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join("\n");
}

function zshSpecs([name, option]: readonly [string, Option]): readonly string[] {
  const help = option.help.replaceAll(/[[\]\\:]/g, " ");
  const star = option.kind === "list" ? "*" : "";
  const values = valuesOf(option);
  const value =
    option.kind === "boolean"
      ? ""
      : `:${option.value.toLowerCase().replaceAll(":", " ")}:${zshAction(values)}`;
  return optionNames({ [name]: option }).map((shown) => quoted(`${star}${shown}[${help}]${value}`));
}

function zshAction(values: ReturnType<typeof valuesOf>): string {
  if (values === "any") return " ";
  if (values === "files") return "_files";
  if (values === "folders") return "_files -/";
  return `(${values.join(" ")})`;
}

function fishScript({ commands, services }: Catalogue): string {
  const isFirst = "__fish_is_nth_token 1";
  const lines = commands.map(
    ({ name, summary }) =>
      `complete -c wildfire -f -n ${quoted(isFirst)} -a ${name} -d ${quoted(summary)}`,
  );
  const serviceList = services.map(({ name }) => name).join(" ");
  lines.push(
    `complete -c wildfire -n ${quoted(isFirst)} -l service -x -a ${quoted(serviceList)} -d 'runs one service'`,
    `complete -c wildfire -n ${quoted(isFirst)} -l version -d 'which build this is'`,
    `complete -c wildfire -n ${quoted(isFirst)} -l help -d 'what can be said'`,
  );
  for (const entry of commands) {
    lines.push(...fishLines(entry, `__fish_seen_subcommand_from ${entry.name}`));
  }
  for (const entry of services) {
    const isChosen = `string match -qr -- "--service[ =]${entry.name}" (commandline -c | string collect)`;
    lines.push(...fishLines(entry, isChosen));
  }
  return `# wildfire completions fish: put this into ~/.config/fish/completions/wildfire.fish\n${lines.join("\n")}\n`;
}

function fishLines({ options, words }: CatalogueEntry, condition: string): readonly string[] {
  const head = `complete -c wildfire -n ${quoted(condition)}`;
  const wordLine = words.length === 0 ? [] : [`${head} -f -a ${quoted(words.join(" "))}`];
  return [
    ...wordLine,
    ...Object.entries(options).map(([name, option]) => {
      const short = option.short === undefined ? "" : ` -s ${option.short}`;
      return `${head} -l ${name}${short}${fishValue(valuesOf(option), option)} -d ${quoted(option.help)}`;
    }),
  ];
}

function fishValue(values: ReturnType<typeof valuesOf>, option: Option): string {
  if (option.kind === "boolean") return "";
  if (values === "any") return " -x";
  if (values === "files") return " -r -F";
  if (values === "folders") return " -x -a '(__fish_complete_directories)'";
  return ` -x -a ${quoted(values.join(" "))}`;
}

/** One word for all three shells: fish reads backslashes within single quotes, the others do not. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "/").replaceAll("'", "’")}'`;
}
