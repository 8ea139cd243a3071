import type { Command } from 'commander';

/**
 * Shell completion, written out from the commands themselves: what is completed is what there is.
 * Our names and options are plain words; descriptions are quoted for the shell.
 */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

type Place = {
  /** ` incident show`; empty for the program itself. */
  readonly path: string;
  readonly names: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly string[];
};

export function completionFor(shell: Shell, program: Command): string {
  const places = placesOf(program, '');
  switch (shell) {
    case 'bash':
      return bash(program.name(), places);
    case 'zsh':
      return zsh(program.name(), places);
    case 'fish':
      return fish(program.name(), places);
  }
}

function placesOf(command: Command, path: string): readonly Place[] {
  const children = command.commands.filter((child) => child.name() !== 'help');
  return [
    {
      path,
      names: children.map((child) => ({ name: child.name(), description: child.description() })),
      options: command.options.flatMap(({ long }) => long ?? []).concat('--help'),
    },
    ...children.flatMap((child) => placesOf(child, `${path} ${child.name()}`)),
  ];
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Which words lead on to a further command; options and arguments in between do not. */
const steps = (places: readonly Place[]): string =>
  places.filter(({ path }) => path !== '').map(({ path }) => quoted(path)).join('|');

const choices = (places: readonly Place[], line: (words: string) => string): string =>
  places.map(({ path, names, options }) =>
    `    ${quoted(path)}) ${line([...names.map(({ name }) => name), ...options].join(' '))} ;;`)
    .join('\n');

const bash = (name: string, places: readonly Place[]): string => `# ${name} completion for bash:
#   source <(${name} completion bash)
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' word words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$path $word" in
      ${steps(places)}) path="$path $word" ;;
    esac
  done
  case "$path" in
${choices(places, (words) => `words=${quoted(words)}`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${name} ${name}
`;

const zsh = (name: string, places: readonly Place[]): string => `#compdef ${name}
# ${name} completion for zsh:
#   source <(${name} completion zsh)
_${name}() {
  local path_so_far='' word i
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    case "$path_so_far $word" in
      ${steps(places)}) path_so_far="$path_so_far $word" ;;
    esac
  done
  case "$path_so_far" in
${choices(places, (words) => `compadd -- ${words}`)}
  esac
}
compdef _${name} ${name}
`;

function fish(name: string, places: readonly Place[]): string {
  const lines = places.flatMap(({ path, names, options }) => {
    const when = `'test "$(__${name}_path)" = "${path.trim()}"'`;
    return [
      ...names.map((one) => `complete -c ${name} -f -n ${when} -a ${quoted(one.name)} ` +
        `-d ${quoted(one.description)}`),
      ...options.map((option) => `complete -c ${name} -n ${when} -l ${option.slice(2)}`),
    ];
  });
  return `# ${name} completion for fish:
#   ${name} completion fish | source
function __${name}_path
  set -l path ''
  for word in (commandline -opc)[2..-1]
    switch (string trim "$path $word")
      case ${places.filter(({ path }) => path !== '').map(({ path }) =>
    quoted(path.trim())).join(' ')}
        set path (string trim "$path $word")
    end
  end
  echo "$path"
end
${lines.join('\n')}
`;
}
