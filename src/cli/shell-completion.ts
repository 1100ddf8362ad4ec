import { type Command } from 'commander';

interface CompletableOption {
  readonly flags: readonly string[];
  readonly takesValue: boolean;
  readonly description: string;
}

interface CompletableCommand {
  readonly names: readonly string[];
  readonly description: string;
  readonly options: readonly CompletableOption[];
}

/** A script that lets bash complete the commands and options of `program`, and paths behind them. */
export function bashCompletion(program: Command): string {
  const commands = commandsOf(program);
  const cases = commands.map(({ names, options }) => `    ${names.join('|')}) words='${options.flatMap(({ flags }) => flags).join(' ')}' ;;`);
  return `# bash completion for ${program.name()}
_kachery_p2p() {
  local current=\${COMP_WORDS[COMP_CWORD]} words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=( $(compgen -W '${commands.flatMap(({ names }) => names).join(' ')}' -- "$current") )
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=( $(compgen -W "$words" -- "$current") ) ;;
    *) compopt -o default 2>/dev/null ;;
  esac
}
complete -F _kachery_p2p ${program.name()}
`;
}

/** The same for zsh. */
export function zshCompletion(program: Command): string {
  const commands = commandsOf(program);
  const described = commands.flatMap(({ names, description }) => names.map((name) => `    ${zshQuoted(`${name}:${description}`)}`));
  const cases = commands.map(({ names, options }) => {
    const specifications = options.flatMap(({ flags, takesValue, description }) =>
      flags.map((flag) => zshQuoted(`${flag}[${description.replaceAll(/[[\]:]/g, '\\$&')}]${takesValue ? ':value:_files' : ''}`)),
    );
    return `    ${names.join('|')}) _arguments ${[...specifications, zshQuoted('*:file:_files')].join(' ')} ;;`;
  });
  return `#compdef ${program.name()}
_kachery_p2p() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
${cases.join('\n')}
  esac
}
compdef _kachery_p2p ${program.name()}
`;
}

/** The same for fish. */
export function fishCompletion(program: Command): string {
  const name = program.name();
  const lines = commandsOf(program).flatMap(({ names, description, options }) => [
    ...names.map((word) => `complete -c ${name} -n __fish_use_subcommand -f -a ${word} -d ${fishQuoted(description)}`),
    ...options.map(({ flags, takesValue, description: text }) => {
      const spellings = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ');
      return `complete -c ${name} -n '__fish_seen_subcommand_from ${names.join(' ')}' ${spellings}${takesValue ? ' -r' : ''} -d ${fishQuoted(text)}`;
    }),
  ]);
  return `# fish completion for ${name}\n${lines.join('\n')}\n`;
}

function commandsOf(program: Command): CompletableCommand[] {
  return program.commands.map((command) => ({
    names: [command.name(), ...command.aliases()],
    description: command.description(),
    options: command.options.map(({ short, long, required, optional, description }) => ({
      flags: [short, long].filter((flag) => flag !== undefined),
      takesValue: required || optional,
      description,
    })),
  }));
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
